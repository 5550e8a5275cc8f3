/** Says which route of a table a request meets: its path with `{name}` parameters, never what a caller made up. */
export type RouteLabel = (
  method: string,
  path: string,
) => { readonly method: string; readonly route: string };

/** Anything else is one method, so that callers cannot make up label values. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

/** @param paths paths with `{name}` parameters; a request that meets none of them has the route `none`. */
export function createRouteLabel(paths: readonly string[]): RouteLabel {
  const patterns = [...new Set(paths)].map((route) => {
    const source = route
      .split(/\{\w+\}/)
      .map((part) => RegExp.escape(part))
      .join('[^/]+');
    return { route, pattern: new RegExp(`^${source}$`) };
  });
  return (method, path) => ({
    method: METHODS.has(method) ? method : 'other',
    route: patterns.find(({ pattern }) => pattern.test(path))?.route ?? 'none',
  });
}

/** `2xx`, `4xx` and so on. */
export function statusClass(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
