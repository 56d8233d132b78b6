// What is wrong with the options of a command line, before any command looks at them.
import { expect, it } from 'vitest';
import { wrongOption } from '../../src/launch/options.ts';

const options = {
  slots: { type: 'string' },
  input: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
  json: { type: 'boolean' },
} as const;
const dash = 'needs a value after it; one that starts with a dash is written';

it.each([
  ['--slots', '--slots needs a value after it.'],
  ['-o', '-o needs a value after it.'],
  ['--slots -1', `--slots ${dash} --slots=VALUE.`],
  ['--slots --json', `--slots ${dash} --slots=VALUE.`],
  ['--json=yes', '--json takes no value.'],
  ['--slots 1 --slots 2', '--slots is given twice.'],
  ['--slots=1 -x', 'There is no option -x.'],
  ['run --constructor', 'There is no option --constructor.'],
])('%s: %s', (line, message) => {
  expect(wrongOption(line.split(' '), options)?.message).toBe(message);
});

it.each(['', '--slots=-1', '--slots 1 x --json --json', '--input a=1 --input b=2', '-o -', 'x -- --slots'])(
  'nothing: %s',
  (line) => {
    expect(wrongOption(line.split(' '), options)).toBeUndefined();
  },
);

it('knows which option there is none of', () => {
  expect(wrongOption(['--slot', '1'], options)).toEqual({
    message: 'There is no option --slot.',
    unknown: 'slot',
  });
});
