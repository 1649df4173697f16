/** What a small image needs of a tar file (ustar): folders, programs, links. */
export type TarEntry =
  | { name: string; type: 'folder'; mode: number }
  | { name: string; type: 'file'; mode: number; content: Buffer | string }
  | { name: string; type: 'link'; target: string };

const BLOCK = 512;
const TYPE = { file: '0', link: '2', folder: '5' } as const;

export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocks), Buffer.alloc(2 * BLOCK)]);
}

function blocks(entry: TarEntry): Buffer[] {
  const content = entry.type === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0);
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return [header(entry, content.length), content, padding];
}

/** Owner root, time 0: the same content gives the same bytes, and so the same image. */
function header(entry: TarEntry, size: number): Buffer {
  if (entry.name.length > 100) throw new RangeError(`name of more than 100 bytes: ${entry.name}`);
  const block = Buffer.alloc(BLOCK);
  block.write(entry.name, 0);
  block.write(octal(entry.type === 'link' ? 0o777 : entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(TYPE[entry.type], 156);
  if (entry.type === 'link') block.write(entry.target, 157);
  block.write('ustar\x0000', 257);
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\x00 `,
    148,
  );
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
