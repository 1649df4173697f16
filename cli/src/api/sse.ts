/** One block of a stream of server-sent events; comments are left out. */
export interface Block {
  id: string | null;
  event: string;
  data: string;
}

/** Splits the text as it comes, wherever it is cut. @throws what the stream throws when it breaks off */
export async function* parseBlocks(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Block> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const blocks = rest.replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield parseBlock(block);
  }
}

function parseBlock(text: string): Block {
  const fields = text.split('\n').map(line => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
  });
  const values = (name: string) => fields.filter(([key]) => key === name).map(([, value]) => value ?? '');
  return {
    id: values('id').at(-1) ?? null,
    event: values('event').at(-1) ?? 'message',
    data: values('data').join('\n'),
  };
}
