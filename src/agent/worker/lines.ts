// Lines of a stream of bytes. Knows nothing of what they say.
import { StringDecoder } from 'node:string_decoder';

/** Takes bytes as they come, and gives each line once it is complete, without its end. */
export function linesOf(line: (text: string) => void): (bytes: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let pieces: string[] = [];
  return (bytes) => {
    const [first, ...others] = decoder.write(bytes).split('\n');
    pieces.push(first as string);
    for (const next of others) {
      const complete = pieces.join('');
      pieces = [next];
      line(complete);
    }
  };
}
