import {
  AGENT_ROUTES,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  openApiDocument,
  PERMISSIONS,
  VERSION,
} from '@linux-patch/contract';

function asText(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** OpenAPI of the agent. */
export function agentOpenApi(): string {
  return asText(
    openApiDocument({
      title: 'linux-patch-api',
      description:
        'The agent. TLS 1.3 only, with a client certificate of the manager; anybody else gets no answer at all. ' +
        'Job events: WebSocket /api/v1/ws/jobs.',
      version: VERSION,
      routes: Object.values(AGENT_ROUTES),
    }),
  );
}

const permissions = Object.entries(PERMISSIONS)
  .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
  .join(' ');

/** OpenAPI of the manager: what agents call and what administrators call. */
export function managerOpenApi(): string {
  return asText(
    openApiDocument({
      title: 'linux-patch-manager',
      description:
        'The manager. `x-auth` of each operation says who may call it: `public` is anybody, `host` is a host that proves itself with ' +
        `its key or polling token, anything else is a permission of the caller, which its role gives it (docs/reference/roles.md); over HTTPS it sends an API token as \`Authorization: Bearer\`. ${permissions}`,
      version: VERSION,
      routes: [...Object.values(MANAGER_PUBLIC_ROUTES), ...Object.values(MANAGER_ADMIN_ROUTES)],
    }),
  );
}
