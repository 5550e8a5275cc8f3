import { AGENT_METRICS, MANAGER_METRICS, type MetricTraits } from '@linux-patch/contract';

function table(metrics: Readonly<Record<string, MetricTraits>>): string {
  const rows = Object.entries(metrics).map(([name, { type, help, labels }]) => {
    const names = labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** Every metric of both programs. */
export function metricsReference(): string {
  return [
    '# Metrics',
    '',
    "Generated from the tables of metrics; `npm run gen` writes it anew. Prometheus' text format 0.0.4. A metric that has nothing to say is absent. No label holds anything that a caller made up.",
    '',
    '## Agent',
    '',
    "`GET /metrics` on the API's port, for clients that may use the API (client certificate, allow list). The agent has no listener while it enrols; the manager's metrics show who waits.",
    '',
    table(AGENT_METRICS),
    '',
    '## Manager',
    '',
    '`GET /metrics`, with the permission `metrics:read`, which the role `viewer` has; over HTTPS `Authorization: Bearer TOKEN` (`authorization.credentials_file` of a Prometheus scrape).',
    '',
    table(MANAGER_METRICS),
    '',
  ].join('\n');
}
