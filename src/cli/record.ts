// `dflow record FLOW`: writes what a person does on this Windows desktop into a flow and the UI elements beside it. The agent records.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProductError } from '../base/error.ts';
import { writeWhole } from '../files/wholeFile.ts';
import { emptyImages } from '../interchange/attachment.ts';
import { flowEnding } from '../interchange/fileNames.ts';
import { pasteFromDesigner } from '../interchange/paste.ts';
import { FlowModel } from '../language/analysis/model.ts';
import { applyEdits } from '../language/edits/edit.ts';
import { addParameter } from '../language/edits/parameters.ts';
import { decodeFlow, encodeFlow, type FlowEncoding } from '../language/syntax/decode.ts';
import { parse } from '../language/syntax/parser.ts';
import type { CaptureResult, CaptureRow } from '../protocol/capture.ts';
import { type AgentAccess, reachAgent } from './access.ts';
import { readFlow } from './flowFile.ts';
import { feed, lines, ownProcesses } from './recordFeed.ts';
import { type Output, printable } from './terminal.ts';
import { exitCode } from './usage.ts';

/** Statements of a new flow, as the designer begins one. */
const newFlow = [
  "@@ConnectionString: ''",
  "@@Type: 'Local'",
  "@@DesktopType: 'local'",
  "@@DisplayName: 'Local computer'",
  "IMPORT 'controlRepo.appmask' AS appmask",
  "IMPORT 'imageRepo.imgrepo' AS imgrepo",
  '',
].join('\r\n');

/** Records until somebody stops it. Returns the exit code; throws what the agent refuses with, and what writing files fails with. */
export async function recordFlow(path: string, access: AgentAccess, out: Output): Promise<number> {
  if (!flowEnding.test(path))
    throw new ProductError('UsageWrong', `${path} is no flow file.`, 'Name a .robin file; it may be new.');
  // What cannot be read is told before somebody records for an hour.
  const before = openFlow(path);
  const { link, result, leave } = await reachAgent(access, (link) =>
    link.call('capture.start', ownProcesses()),
  );
  const { captureId } = result;
  try {
    out.write(
      'Recording. Enter stops it; p pauses and goes on; a line that begins with # becomes a comment.\n',
    );
    let isPaused = false;
    let problem: string | undefined;
    const shown = new Rows(out);
    const ended = feed(link, captureId, (event) => {
      if (event.kind === 'rows') shown.take(event.from, event.rows);
      if (event.kind === 'state') {
        isPaused = event.state === 'paused';
        out.write(isPaused ? '(paused)\n' : '(recording)\n');
      }
      if (event.kind === 'ended') problem = event.problem;
    });
    ended.catch(() => {}); // the next call fails with it
    await lines((line) => {
      const call = line.startsWith('#')
        ? link.call('capture.comment', { captureId, text: line.slice(1).trim() })
        : line === 'p'
          ? link.call(isPaused ? 'capture.resume' : 'capture.pause', { captureId })
          : undefined;
      call?.catch(() => {}); // shows as the end of the recording
    }, ended);
    if (problem !== undefined) throw new ProductError('CaptureFailed', problem, 'Start the recording again.');
    const recording = await link.call('capture.stop', { captureId, taken: variablesOf(before.text) });
    shown.finish();
    return writeFlow(path, before, recording, out);
  } finally {
    await leave();
  }
}

interface OpenFlow {
  readonly text: string;
  readonly encoding: FlowEncoding | undefined;
}

/** A flow that is not there yet is an empty one. */
function openFlow(path: string): OpenFlow {
  if (!existsSync(path)) return { text: newFlow, encoding: undefined };
  const { file, encoding } = readFlow(path);
  return { text: file.text, encoding };
}

function variablesOf(text: string): string[] {
  const model = new FlowModel(parse(text));
  return [...model.binding.symbols('variable')].map(({ name }) => name);
}

function writeFlow(
  path: string,
  { text, encoding }: OpenFlow,
  recording: CaptureResult<'capture.stop'>,
  out: Output,
): number {
  if (recording.steps === 0) {
    out.write('Nothing was recorded, and nothing is changed.\n');
    return exitCode.ok;
  }
  let flow = parse(text);
  for (const input of recording.inputs) {
    const fields = { ...input, type: 'Text', optional: false, sensitive: true, defaultText: null } as const;
    flow = parse(applyEdits(flow.text, addParameter(new FlowModel(flow), 'input', fields)));
  }
  const folder = dirname(path);
  const repository = join(folder, 'controlRepo.appmask');
  const images = join(folder, 'imageRepo.imgrepo');
  const elements = existsSync(repository) ? decodeFlow(readFileSync(repository)) : undefined;
  const end = flow.attachment?.start ?? flow.text.length;
  const pasted = pasteFromDesigner(flow, end, recording.text, {
    elements: elements?.text,
    images: undefined,
  });
  // The elements first: a flow without them would not run.
  if (pasted.elements !== undefined)
    writeWhole(repository, encodeFlow(pasted.elements, elements?.encoding ?? 'utf-8'));
  if (encoding === undefined && !existsSync(images)) writeWhole(images, encodeFlow(emptyImages, 'utf-8'));
  writeWhole(path, encodeFlow(applyEdits(flow.text, pasted.edits), encoding ?? 'utf-8'));
  for (const note of pasted.notes) out.write(`${printable(note)}\n`);
  for (const { externalName } of recording.inputs)
    out.write(`What was typed into a password field is the sensitive input ${printable(externalName)}.\n`);
  out.write(`${recording.steps} steps are in ${printable(path)}.\n`);
  return exitCode.ok;
}

/** Rows as they become final: the last one may still change. */
class Rows {
  readonly #out: Output;
  readonly #rows: CaptureRow[] = [];
  #written = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  take(from: number, rows: readonly CaptureRow[]): void {
    this.#rows.splice(from, this.#rows.length, ...rows);
    // A row that was shown and is no more was made needless by the next one.
    this.#written = Math.min(this.#written, this.#rows.length);
    this.#write(this.#rows.length - 1);
  }

  finish(): void {
    this.#write(this.#rows.length);
  }

  #write(end: number): void {
    for (; this.#written < end; this.#written++) {
      const text = this.#rows[this.#written]?.text ?? '';
      this.#out.write(`${String(this.#written + 1).padStart(3)}  ${printable(text)}\n`);
    }
  }
}
