// Tells story after story until so many events were delivered; stops at the first one in which something happened that must not.
import { scenarios } from './scenarios.ts';
import { type Report, type Scenario, Story } from './story.ts';

/** A story that failed once: it is told again with every test. */
export interface KeptSeed {
  readonly scenario: string;
  readonly seed: number;
  readonly steps: number;
}

export interface Simulation {
  readonly stories: number;
  readonly steps: number;
  /** Virtual milliseconds, and those times the machines in them. */
  readonly lasted: number;
  readonly machineTime: number;
  readonly looks: Readonly<Record<string, number>>;
  readonly happened: Readonly<Record<string, number>>;
  /** The one that went wrong. */
  readonly failed: Report | undefined;
}

/** The first that is told is the smallest; the fleet of a thousand only where there are steps enough for it. */
function scenarioOf(index: number, left: number): Scenario {
  const fitting = scenarios.filter(({ steps }) => steps <= Math.max(left, 20_000));
  return fitting[index % fitting.length] as Scenario;
}

export function story({ scenario, seed, steps }: KeptSeed, log?: (line: string) => void): Story {
  const found = scenarios.find(({ name }) => name === scenario);
  if (found === undefined) throw new Error(`there is no scenario ${scenario}`);
  return new Story({ ...found, steps }, seed, log);
}

/** `told` hears of each story when it is over. */
export async function simulate(
  seed: number,
  steps: number,
  told: (report: Report) => void = () => {},
): Promise<Simulation> {
  const looks: Record<string, number> = {};
  const happened: Record<string, number> = {};
  const sum = { stories: 0, steps: 0, lasted: 0, machineTime: 0 };
  let failed: Report | undefined;
  while (sum.steps < steps && failed === undefined) {
    const scenario = scenarioOf(sum.stories, steps - sum.steps);
    const report = await new Story(
      { ...scenario, steps: Math.min(scenario.steps, steps - sum.steps) },
      seed + sum.stories,
    ).tell();
    sum.stories += 1;
    sum.steps += report.steps;
    sum.lasted += report.lasted;
    sum.machineTime += report.lasted * scenario.machines.length;
    for (const [name, count] of Object.entries(report.looks)) looks[name] = (looks[name] ?? 0) + count;
    for (const [name, count] of Object.entries(report.happened))
      happened[name] = (happened[name] ?? 0) + count;
    if (report.violation !== undefined) failed = report;
    told(report);
  }
  return { ...sum, looks, happened, failed };
}
