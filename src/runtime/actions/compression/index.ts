// The Compression actions: ZIP archives, packed by pack.ts and unpacked by unpack.ts.
import type { ActionArguments, ActionContext, ActionDefinition, ActionResult } from '../../action.ts';
import { fileValue, pathOf, severalPathsOf } from '../fileSystem.ts';
import { pack } from './pack.ts';
import { unpack, unpackLimits } from './unpack.ts';

const levels: Readonly<Record<string, number>> = {
  None: 0,
  BestSpeed: 1,
  BestBalanceOfSpeedAndCompression: 6,
  BestCompression: 9,
};

/** The password of the call, from now on a secret; empty when there is none. */
function passwordOf(args: ActionArguments, context: ActionContext): string {
  const password = args.text('Password');
  if (password !== '') context.addSecret(password);
  return password;
}

async function zipFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const archive = pathOf(args, 'ArchivePath');
  const work = {
    archive,
    paths: severalPathsOf(args, 'FilesOrFoldersToZip', context.folder),
    level: levels[args.member('CompressionLevel')] as number,
    password: passwordOf(args, context),
    comment: args.text('ArchiveComment'),
  };
  await pack(work, context.signal);
  return { outputs: { ZipFile: await fileValue(archive) } };
}

async function unzipFiles(args: ActionArguments, context: ActionContext): Promise<ActionResult> {
  const work = {
    archive: pathOf(args, 'ArchivePath'),
    destination: pathOf(args, 'DestinationFolder'),
    password: passwordOf(args, context),
    include: args.text('IncludeMask'),
    exclude: args.text('ExcludeMask'),
    limits: unpackLimits,
  };
  await unpack(work, context.signal);
  return {};
}

export const compressionActions: readonly ActionDefinition[] = [
  { id: 'Compression.ZipFiles', run: zipFiles },
  { id: 'Compression.UnzipFiles', run: unzipFiles },
];
