/** Ends a call of which nothing comes any more. */
export interface Silence extends Disposable {
  /** Aborts when nothing came for that long, or when its caller's does. */
  readonly signal: AbortSignal;
  /** Something came. */
  heard(): void;
  /** Whether that is why it was ended. */
  readonly isLong: boolean;
}

/** @param limitMs for how long nothing may come; undefined where that is nobody's fault */
export function watchSilence(caller: AbortSignal | undefined, limitMs: number | undefined): Silence {
  const own = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    if (limitMs !== undefined) timer = setTimeout(() => own.abort(), limitMs);
  };
  heard();
  return {
    signal: caller ? AbortSignal.any([caller, own.signal]) : own.signal,
    heard,
    get isLong() {
      return own.signal.aborted;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** The text of an answer, as long as something comes of it. */
export async function readText(response: Response, { heard }: Pick<Silence, 'heard'>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  const parts: string[] = [];
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    heard();
    parts.push(decoder.decode(part.value, { stream: true }));
  }
  return parts.join('') + decoder.decode();
}
