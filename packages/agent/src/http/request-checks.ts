import { AGENT_ROUTES, JOB_EVENTS_PATH, PatchError, type Route } from '@linux-patch/contract';

/** Headers that decide what a request means; two of one kind would be read differently by different programs. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'authorization',
  'x-request-id',
  'idempotency-key',
]);

/**
 * @param rawHeaders names and values in turn
 * @throws PatchError `INVALID_REQUEST` when a header that must be single came twice.
 */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const repeated = names.filter((name, index) => SINGLE_HEADERS.has(name) && names.indexOf(name) !== index);
  if (repeated.length === 0) return;
  const faults = [...new Set(repeated)].map((name) => ({
    path: `header.${name}`,
    message: 'given more than once',
  }));
  const text = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new PatchError('INVALID_REQUEST', `The request is not valid: ${text}`, { details: { faults } });
}

/** Methods that a path of the contract is served with; empty for a path that does not exist. */
function methodsOf(path: string): string[] {
  if (path === JOB_EVENTS_PATH) return ['GET'];
  const routes: readonly Route[] = Object.values(AGENT_ROUTES);
  const matching = routes.filter((route) => pathPattern(route.path).test(path));
  return [...new Set(matching.map((route) => route.method))];
}

/** @throws PatchError `METHOD_NOT_ALLOWED` (with `details.allow`) or `NOT_FOUND`. */
export function refuseUnserved(method: string, path: string): void {
  const methods = methodsOf(path);
  if (methods.length === 0) {
    throw new PatchError('NOT_FOUND', 'There is nothing at this path; the API is below /api/v1.');
  }
  if (methods.includes(method)) return;
  throw new PatchError('METHOD_NOT_ALLOWED', `This path takes ${methods.join(', ')}.`, {
    details: { allow: methods },
  });
}

function pathPattern(path: string): RegExp {
  const source = path
    .split(/\{\w+\}/)
    .map((part) => RegExp.escape(part))
    .join('[^/]+');
  return new RegExp(`^${source}$`);
}
