// What the modules that reach other machines leave out of the catalog, by name, and what they share.
import { describe, expect, it } from 'vitest';
import { actionIds, findAction } from '../../../src/language/catalog/catalog.ts';
import { databaseActions } from '../../../src/runtime/actions/database/index.ts';
import { emailActions } from '../../../src/runtime/actions/email/index.ts';
import { ftpActions } from '../../../src/runtime/actions/ftp/index.ts';
import { networkReason, patiently, speaksPlainly, TimeIsOver } from '../../../src/runtime/actions/network.ts';
import { webActions } from '../../../src/runtime/actions/web/index.ts';
import { FakeClock } from '../../fakes/clock.ts';

describe.each([
  ['Web', webActions, /^Web\.InvokeWebService\..*Upload$/],
  ['Email', emailActions, /^$/],
  ['FTP', ftpActions, /^FTP\.SynchronizeDirectory\.Synchronize(?:Upload|Download\w+Filter)/],
  ['Database', databaseActions, /Oracle$/],
] as const)('%s', (module, definitions, leftOut) => {
  const ids = definitions.map(({ id }) => id);

  it('carries out every current id of the catalog but those left out on purpose', () => {
    const wanted = actionIds().filter((id) => {
      const found = findAction(id);
      return id.startsWith(`${module}.`) && found?.replacedBy === undefined && !found?.definition.removed;
    });
    expect(wanted.filter((id) => !ids.includes(id) && !leftOut.test(id))).toEqual([]);
    expect(ids.filter((id) => leftOut.test(id))).toEqual([]);
  });
});

describe('work that reaches another machine', () => {
  const never = () => new Promise<never>(() => {});

  it('ends when its time is over, and ends what it waited for', async () => {
    const clock = new FakeClock();
    let given = 0;
    const patience = { clock, signal: new AbortController().signal, seconds: 5 };
    const work = patiently(patience, () => void given++, never);
    const failed = expect(work).rejects.toThrow(TimeIsOver);
    await clock.advance(4_999);
    expect(given).toBe(0);
    await clock.advance(1);
    await failed;
    expect(given).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('ends with the reason for which the run stopped, also before it begins', async () => {
    const stop = new AbortController();
    const patience = { clock: new FakeClock(), signal: stop.signal, seconds: 0 };
    const work = patiently(patience, () => {}, never);
    stop.abort(new Error('stopped'));
    await expect(work).rejects.toThrow('stopped');
    await expect(patiently(patience, () => {}, never)).rejects.toThrow('stopped');
  });
});

describe('what happened', () => {
  const coded = (code: string, message = code, more: object = {}) =>
    Object.assign(new Error(message), { code, ...more });

  it.each([
    [coded('ECONNREFUSED'), 'nothing accepts connections there'],
    [coded('ESOCKET', 'x', { originalCode: 'ENOTFOUND' }), 'there is no machine of this name'],
    [new Error('fetch failed', { cause: coded('ETIMEDOUT') }), 'the machine does not answer'],
    [new AggregateError([coded('ECONNREFUSED')], 'all failed'), 'nothing accepts connections there'],
    [coded('HPE_INVALID_CONSTANT'), 'the server does not answer in HTTP'],
    [coded('CERT_HAS_EXPIRED'), 'its certificate has expired'],
    [new Error('Something new.\nwith details'), 'Something new'],
    ['text', 'text'],
  ])('%s', (error, what) => {
    expect(networkReason(error).what).toBe(what);
    expect(networkReason(error).next).not.toBe('');
  });

  it('is plain text where TLS was asked for', () => {
    expect(speaksPlainly(coded('EPROTO', 'ssl3_get_record:wrong version number'))).toBe(true);
    expect(speaksPlainly(coded('EPROTO', 'handshake failure'))).toBe(false);
    expect(speaksPlainly(coded('ECONNRESET'))).toBe(false);
  });
});
