/** Version of both programs and of the wire contract. */
export const VERSION = '1.3.0';

/** Port of the agent's API. */
export const AGENT_PORT = 12_443;

/** Port of the manager. */
export const MANAGER_PORT = 8443;

/** Common name of the certificate the manager calls agents with. */
export const MANAGER_CLIENT_CN = 'patch-manager-client';

/** When the sources of this version were last changed for good: no right clock shows an earlier time. Epoch milliseconds. */
export const RELEASED_AT_MS = Date.UTC(2026, 10, 20);
