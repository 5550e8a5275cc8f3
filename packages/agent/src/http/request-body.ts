import { PatchError } from '@linux-patch/contract';

/** Largest request body. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Reads a body as text, giving up at the limit however the length was announced.
 * @throws PatchError `BODY_TOO_LARGE`, or `INVALID_REQUEST` for bytes that are not UTF-8.
 */
export async function readBodyText(request: Request): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > BODY_LIMIT_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    const faults = [{ path: 'body', message: 'not valid UTF-8' }];
    throw new PatchError('INVALID_REQUEST', 'The request is not valid: body: not valid UTF-8', {
      details: { faults },
      cause,
    });
  }
}

function tooLarge(): PatchError {
  return new PatchError('BODY_TOO_LARGE', `The body is larger than ${BODY_LIMIT_BYTES} bytes.`, {
    details: { limit_bytes: BODY_LIMIT_BYTES },
  });
}
