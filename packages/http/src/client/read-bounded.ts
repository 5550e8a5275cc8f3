/**
 * Reads a body to its end and no further than the limit, however its length was announced.
 * @param onChunk told of the size of each part before it is kept; what it throws ends the reading
 * @throws what `tooLarge` makes
 */
export async function readBounded(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
  tooLarge: () => Error,
  onChunk?: (sizeBytes: number) => void,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw tooLarge();
    onChunk?.(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
