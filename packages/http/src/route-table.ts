import { PatchError, pathParameters, pathPattern } from '@linux-patch/contract';
import type { ServedPath } from './served-path.ts';

interface Entry<H> {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: H;
}

/** What serves a path, and the parts of the path that its pattern names. */
interface Found<H> {
  readonly handler: H;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What is said of a path that no route fits. */
export function nothingHere(): PatchError {
  return new PatchError('NOT_FOUND', 'There is nothing at this path; the API is below /api/v1.');
}

/** Who serves which path; of several patterns that a path fits, the first counts. */
export class RouteTable<H> {
  readonly #entries: Entry<H>[] = [];
  #rest: H | undefined;

  /** @param route in its path, `{name}` stands for one part */
  add({ method, path }: ServedPath, handler: H): void {
    this.#entries.push({ method, pattern: pathPattern(path), handler });
  }

  /** @param handler of every path that no pattern fits */
  setRest(handler: H): void {
    this.#rest = handler;
  }

  /** @throws PatchError `METHOD_NOT_ALLOWED` (with `details.allow`) or `NOT_FOUND` */
  find(method: string, path: string): Found<H> {
    const fitting = this.#entries.filter(({ pattern }) => pattern.test(path));
    const entry = fitting.find((one) => one.method === method);
    if (entry) return { handler: entry.handler, parameters: pathParameters(entry.pattern, path) };
    const allow = [...new Set(fitting.map((one) => one.method))];
    if (allow.length === 0) {
      if (this.#rest === undefined) throw nothingHere();
      return { handler: this.#rest, parameters: {} };
    }
    throw new PatchError('METHOD_NOT_ALLOWED', `This path takes ${allow.join(', ')}, not ${method}.`, {
      details: { allow },
    });
  }
}
