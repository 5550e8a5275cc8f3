import { PatchError, type Route } from '@linux-patch/contract';

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

/** Who serves which path; of several patterns that a path fits, the first counts. */
export class RouteTable<H> {
  readonly #entries: Entry<H>[] = [];

  /** @param route in its path, `{name}` stands for one part */
  add({ method, path }: Pick<Route, 'method' | 'path'>, handler: H): void {
    this.#entries.push({ method, pattern: patternOf(path), handler });
  }

  /** @throws PatchError `METHOD_NOT_ALLOWED` (with `details.allow`) or `NOT_FOUND` */
  find(method: string, path: string): Found<H> {
    const fitting = this.#entries.filter(({ pattern }) => pattern.test(path));
    const entry = fitting.find((one) => one.method === method);
    if (entry) return { handler: entry.handler, parameters: parametersOf(entry.pattern, path) };
    const allow = [...new Set(fitting.map((one) => one.method))];
    if (allow.length === 0)
      throw new PatchError('NOT_FOUND', 'There is nothing at this path; the API is below /api/v1.');
    throw new PatchError('METHOD_NOT_ALLOWED', `This path takes ${allow.join(', ')}, not ${method}.`, {
      details: { allow },
    });
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith('{') ? `(?<${part.slice(1, -1)}>[^/]+)` : RegExp.escape(part)))
    .join('');
  return new RegExp(`^${source}$`);
}

function parametersOf(pattern: RegExp, path: string): Readonly<Record<string, string>> {
  const groups = Object.entries(pattern.exec(path)?.groups ?? {});
  return Object.fromEntries(groups.map(([name, part]) => [name, percentDecoded(part)]));
}

/** Codes that stand for no text are left as they are. */
function percentDecoded(part: string): string {
  return part.replaceAll(/(?:%[0-9a-f]{2})+/gi, (codes) => {
    try {
      return decodeURIComponent(codes);
    } catch {
      return codes;
    }
  });
}
