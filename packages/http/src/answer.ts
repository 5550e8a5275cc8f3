/** What a request is answered with. Not Node's `Response`: the first use of one costs 60 ms and 7 MB. */
export interface Answer {
  readonly status: number;
  /** By name, in lower case. */
  readonly headers: Map<string, string>;
  /** The whole of it, or what comes bit by bit; of an answer without one no length is told (RFC 9110 §8.6). */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** An answer with text, pieces, or nothing in it. */
export function answerWith(
  body: string | AsyncIterable<Uint8Array> | undefined,
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Answer {
  return {
    status,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
}

/** An answer of JSON. */
export function jsonAnswer(
  value: object,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return answerWith(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}
