import { describe, expect, it } from 'vitest';
import { AGENT_ROUTES } from './agent-api/routes.ts';
import { MANAGER_ADMIN_ROUTES } from './manager-api/admin-routes.ts';
import { MANAGER_PUBLIC_ROUTES } from './manager-api/public-routes.ts';
import { openApiDocument } from './openapi.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, unknown>;
}
type Paths = Record<string, Record<string, Operation>>;

function pathsOf(routes: Parameters<typeof openApiDocument>[0]['routes']): Paths {
  return openApiDocument({ title: 't', description: 'd', version: '1', routes }).paths as Paths;
}

describe('the OpenAPI documents', () => {
  it('describe every route, each with a name of its own', () => {
    const routes = [...Object.values(MANAGER_PUBLIC_ROUTES), ...Object.values(MANAGER_ADMIN_ROUTES)];
    const operations = Object.values(pathsOf(routes)).flatMap((path) => Object.values(path));
    expect(operations.map((one) => one.operationId).sort()).toEqual(routes.map((route) => route.id).sort());
  });

  it('list path, query and header parameters and the statuses of errors', () => {
    const paths = pathsOf(Object.values(AGENT_ROUTES));
    const list = paths['/api/v1/packages']?.get;
    expect(list?.parameters.map((one) => one.name).sort()).toEqual([
      'If-None-Match',
      'Linux-Patch-Instance',
      'limit',
      'name',
      'offset',
      'order',
      'refresh',
      'sort',
      'status',
    ]);
    expect(paths['/api/v1/jobs/{id}']?.get?.parameters).toMatchObject([
      { name: 'id', in: 'path' },
      { name: 'Linux-Patch-Instance', in: 'header' },
    ]);
    expect(Object.keys(paths['/api/v1/patches/apply']?.post?.responses ?? {})).toEqual(
      expect.arrayContaining(['202', '400', '404', '413', '503']),
    );
  });
});
