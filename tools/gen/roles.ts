import {
  GUARDED_PERMISSIONS,
  isPermission,
  MANAGER_ADMIN_ROUTES,
  PERMISSIONS,
  type Permission,
  ROLES,
  type Route,
  rolesWith,
} from '@linux-patch/contract';

const NAMES = Object.keys(ROLES);

function permissionRow([permission, meaning]: [string, string]): string {
  const roles = rolesWith(permission as Permission) as string[];
  const cells = NAMES.map((name) => (roles.includes(name) ? 'yes' : '–'));
  return `| \`${permission}\` | ${meaning} | ${cells.join(' | ')} |`;
}

function routeRow({ method, path, auth, about, summary, stepUp }: Route): string {
  const [least] = isPermission(auth) ? rolesWith(auth) : [];
  const marks = `${stepUp ? ' *' : ''}${about ? ' †' : ''}`;
  return `| ${least ?? (auth === 'person' ? 'any person' : 'nobody')} | \`${method} ${path}\` | ${summary}${marks} |`;
}

/** What each role may do. */
export function roleReference(): string {
  return [
    '# Roles',
    '',
    'Generated from the tables of roles, permissions and routes; `npm run gen` writes it anew. `linux-patch-manager api-tokens create NAME --role ROLE` makes a token with a role.',
    '',
    ...Object.entries(ROLES).map(([name, { meaning }]) => `- **${name}**: ${meaning}`),
    '',
    `| Permission | What it is about | ${NAMES.join(' | ')} |`,
    `|---|---|${NAMES.map(() => '---|').join('')}`,
    ...Object.entries(PERMISSIONS).map(permissionRow),
    '',
    `A program has what lets somebody in (${GUARDED_PERMISSIONS.map((one) => `\`${one}\``).join(', ')}) only when its token is allowed it by name, too: \`--allow PERMISSION\`.`,
    '',
    '## Routes',
    '',
    'What has a * takes, of somebody signed in, a proof that it is them which is at most ten minutes old. Programs and root show none.',
    '',
    'What has a † may be called with a role for some hosts (`--bind operator:@group:web`), and is then about those alone; everything else is about the whole fleet, and takes a role for all.',
    '',
    '| Least role | Route | What it does |',
    '|---|---|---|',
    ...Object.values(MANAGER_ADMIN_ROUTES).map(routeRow),
    '',
  ].join('\n');
}
