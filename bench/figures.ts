// What the benches have in common: percentiles, and the machine they ran on.
import { cpus, loadavg, totalmem } from 'node:os';

/** The value that `share` of all stay at or below. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** One line that names the machine. The load tells whether others were busy on it. */
export function machine(): string {
  const [cpu] = cpus();
  const gigabytes = (totalmem() / 1024 ** 3).toFixed(0);
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${gigabytes} GB, Node ${process.version}, ${process.platform} ${process.arch}, load ${loadavg()[0]?.toFixed(1)}`;
}

/** `reached` or `MISSED`, beside the goal. */
export function verdict(value: number, goal: number, unit: string): string {
  return `goal ≤ ${goal} ${unit}: ${value <= goal ? 'reached' : 'MISSED'}`;
}
