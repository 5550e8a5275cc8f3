import type { ReceivedRequest, RequestLimits } from '../request-channel.ts';

/** Why no more is waited for. */
export type NoMore = 'ended' | 'too_late';

/** Puts a request together from what comes. Each returns what it is as soon as it is that, or can become nothing else. */
export interface RequestFrame {
  take(chunk: Uint8Array): ReceivedRequest | undefined;
  /** Nothing more is waited for. */
  stop(why: NoMore): ReceivedRequest;
  /** Whether the line is there, so that only what belongs to it is waited for. */
  readonly hasLine: boolean;
}

interface Head {
  readonly line: string;
  readonly bytes: number;
}

export function openFrame(
  { lineBytes, bodyBytes }: Pick<RequestLimits, 'lineBytes' | 'bodyBytes'>,
  bodyOf: (line: string) => number,
): RequestFrame {
  let start = Buffer.alloc(0);
  let head: Head | undefined;
  const body: Uint8Array[] = [];
  let came = 0;
  const takeBody = ({ line, bytes }: Head, chunk: Uint8Array): ReceivedRequest | undefined => {
    if (bytes > bodyBytes) return { kind: 'body_too_long', bytes };
    came += chunk.length;
    if (came > bytes) return { kind: 'more', bytes };
    body.push(chunk);
    return came === bytes ? { kind: 'request', line, body: Buffer.concat(body) } : undefined;
  };
  const takeStart = (chunk: Uint8Array): ReceivedRequest | undefined => {
    start = Buffer.concat([start, chunk]);
    const end = start.indexOf('\n');
    if (end > lineBytes || (end < 0 && start.length > lineBytes)) return { kind: 'too_long' };
    if (end < 0) return undefined;
    const line = start.toString('utf8', 0, end);
    head = { line, bytes: bodyOf(line) };
    return takeBody(head, start.subarray(end + 1));
  };
  return {
    take: (chunk) => (head ? takeBody(head, chunk) : takeStart(chunk)),
    stop(why) {
      if (!head) return { kind: why === 'ended' ? 'cut' : 'too_late' };
      return { kind: why === 'ended' ? 'body_cut' : 'body_too_late', bytes: head.bytes, came };
    },
    get hasLine() {
      return head !== undefined;
    },
  };
}
