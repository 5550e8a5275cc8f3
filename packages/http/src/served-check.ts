import { PatchError } from '@linux-patch/contract';

interface Served {
  readonly pattern: RegExp;
  readonly method: string;
}

/** `:name` stands for one part of a path. */
function patternOf(path: string): RegExp {
  const source = path
    .split(/:\w+/)
    .map((part) => RegExp.escape(part))
    .join('[^/]+');
  return new RegExp(`^${source}$`);
}

/**
 * Refuses what an app has no route for; middleware counts for none. The routes are looked at with the first request.
 * @returns throws PatchError `METHOD_NOT_ALLOWED` (with `details.allow`) or `NOT_FOUND`
 */
export function createServedCheck(app: {
  readonly routes: readonly { readonly path: string; readonly method: string }[];
}): (method: string, path: string) => void {
  let served: readonly Served[] | undefined;
  const read = (): readonly Served[] =>
    app.routes
      .filter((route) => route.method !== 'ALL')
      .map((route) => ({ pattern: patternOf(route.path), method: route.method }));
  return (method, path) => {
    served ??= read();
    const allow = [...new Set(served.filter((one) => one.pattern.test(path)).map((one) => one.method))];
    if (allow.length === 0)
      throw new PatchError('NOT_FOUND', 'There is nothing at this path; the API is below /api/v1.');
    if (allow.includes(method)) return;
    throw new PatchError('METHOD_NOT_ALLOWED', `This path takes ${allow.join(', ')}, not ${method}.`, {
      details: { allow },
    });
  };
}
