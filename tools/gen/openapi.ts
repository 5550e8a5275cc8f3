import {
  AGENT_ROUTES,
  MANAGER_ADMIN_ROUTES,
  MANAGER_PUBLIC_ROUTES,
  openApiDocument,
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

/** OpenAPI of the manager: what agents call and what administrators call. */
export function managerOpenApi(): string {
  return asText(
    openApiDocument({
      title: 'linux-patch-manager',
      description:
        'The manager. Paths under /api/v1/enroll and /api/v1/pki are for agents and need no account; all others need ' +
        '`Authorization: Bearer TOKEN`.',
      version: VERSION,
      routes: [...Object.values(MANAGER_PUBLIC_ROUTES), ...Object.values(MANAGER_ADMIN_ROUTES)],
    }),
  );
}
