import type { Route } from '@linux-patch/contract';

/** Path and query of a call of a route; parameters are percent-encoded. */
export function routeTarget(
  route: Pick<Route, 'path'>,
  call: { readonly params?: Readonly<Record<string, string>>; readonly query?: URLSearchParams },
): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ''),
  );
  const query = call.query?.toString();
  return query ? `${path}?${query}` : path;
}
