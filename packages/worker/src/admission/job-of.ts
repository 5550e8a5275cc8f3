import {
  AGENT_ROUTES,
  bodyTextOf,
  installOptions,
  PackageName,
  PatchError,
  pathParameters,
  pathPattern,
  planApply,
  type Route,
  readBody,
  readPathParameter,
  readQuery,
  ServiceUnit,
} from '@linux-patch/contract';
import { z } from 'zod';
import type { JobRequest } from '../jobs/job-request.ts';
import type { RawChange } from './change.ts';

/** A request with the body that came with it. */
export interface ChangeInput {
  readonly change: Pick<RawChange, 'line' | 'contentType'>;
  readonly body: Uint8Array;
}

/** A request that fits a route. */
interface Found {
  readonly name: string;
  readonly id: string;
  readonly params: URLSearchParams;
  readonly text: string;
  readonly contentType: string | undefined;
}

type Reader = (found: Found) => JobRequest;

const READERS: readonly (readonly [Pick<Route, 'method' | 'path' | 'query'>, Reader])[] = [
  [AGENT_ROUTES.installPackages, installOf],
  [AGENT_ROUTES.holdPackages, (found) => ({ operation: 'hold', names: heldNames(found) })],
  [AGENT_ROUTES.unholdPackages, (found) => ({ operation: 'unhold', names: heldNames(found) })],
  [AGENT_ROUTES.updatePackage, updateOf],
  [AGENT_ROUTES.removePackage, removalOf],
  [AGENT_ROUTES.applyPatches, applyOf],
  [AGENT_ROUTES.restartService, restartOf],
  [AGENT_ROUTES.rebootHost, rebootOf],
  [AGENT_ROUTES.cancelReboot, () => ({ operation: 'cancel_reboot' })],
  [AGENT_ROUTES.rollbackJob, rollbackOf],
];

/**
 * What a request for a change asks for, read through the schemas of its route.
 * @throws PatchError `INVALID_REQUEST`, `UNSUPPORTED_MEDIA_TYPE`; `NOT_FOUND` for a line that asks for no change
 */
export function jobOf({ change, body }: ChangeInput): JobRequest {
  const [method = '', target = ''] = change.line.split(' ', 2);
  const { pathname, searchParams: params } = new URL(target, 'https://host');
  for (const [route, read] of READERS) {
    const pattern = pathPattern(route.path);
    if (route.method !== method || !pattern.test(pathname)) continue;
    const { name = '', id = '' } = pathParameters(pattern, pathname);
    readQuery(route, params);
    return read({ name, id, params, text: bodyTextOf(body), contentType: change.contentType });
  }
  throw new PatchError('NOT_FOUND', 'There is no such change.');
}

/** Which job a request is to cancel. @throws PatchError `NOT_FOUND` for a line that cancels none */
export function cancelledJob({ change }: ChangeInput): string {
  const [method = '', target = ''] = change.line.split(' ', 2);
  const { pathname } = new URL(target, 'https://host');
  const { method: asked, path } = AGENT_ROUTES.deleteJob;
  const { id } = pathParameters(pathPattern(path), pathname) ?? {};
  const { data } = z.uuid().safeParse(id?.toLowerCase());
  if (method === asked && data !== undefined) return data;
  throw new PatchError('NOT_FOUND', 'There is no such change.');
}

function bodyOf<R extends Pick<Route, 'body' | 'bodyOptional'> & { readonly body: Required<Route>['body'] }>(
  route: R,
  { text, contentType }: Found,
) {
  const { body, bodyOptional = false } = route;
  return readBody<R['body']>({ body, bodyOptional }, { contentType, text });
}

function restartOf({ name }: Found): JobRequest {
  return { operation: 'restart_service', service: readPathParameter(ServiceUnit, 'name', name) };
}

function rebootOf(found: Found): JobRequest {
  const { delay_seconds: rebootDelaySeconds = 0, reason } = bodyOf(AGENT_ROUTES.rebootHost, found);
  return { operation: 'reboot', rebootDelaySeconds, ...(reason === undefined ? {} : { reason }) };
}

function rollbackOf(found: Found): JobRequest {
  const job = readPathParameter(z.uuid('a job id is a UUID'), 'id', found.id).toLowerCase();
  const { allow_removals, plan_hash: planHash } = bodyOf(AGENT_ROUTES.rollbackJob, found);
  return { operation: 'rollback', job, allowRemovals: allow_removals ?? false, planHash };
}

const nameOf = ({ name }: Found): string => readPathParameter(PackageName, 'name', name);

function heldNames(found: Found): string[] {
  return bodyOf(AGENT_ROUTES.holdPackages, found).packages;
}

function versionOf(version: string | null | undefined): { version?: string } {
  return version === null || version === undefined ? {} : { version };
}

function installOf(found: Found): JobRequest {
  const { packages, options, plan_hash: planHash } = bodyOf(AGENT_ROUTES.installPackages, found);
  return {
    operation: 'install',
    packages: packages.map(({ name, version }) => ({ name, ...versionOf(version) })),
    ...installOptions(options),
    planHash,
  };
}

function updateOf(found: Found): JobRequest {
  const name = nameOf(found);
  const { version, options, plan_hash: planHash } = bodyOf(AGENT_ROUTES.updatePackage, found);
  return { operation: 'update', name, ...versionOf(version), ...installOptions(options), planHash };
}

function removalOf(found: Found): JobRequest {
  const name = nameOf(found);
  const query = readQuery(AGENT_ROUTES.removePackage, found.params);
  return {
    operation: 'remove',
    name,
    purge: query.purge === 'true',
    force: query.force === 'true',
    allowRemovals: query.allow_removals === 'true',
    planHash: query.plan_hash,
  };
}

function applyOf(found: Found): JobRequest {
  const plan = planApply(bodyOf(AGENT_ROUTES.applyPatches, found));
  const { selection } = plan;
  return {
    operation: 'patch_apply',
    selection: selection.kind === 'names' ? { ...selection, names: [...selection.names] } : selection,
    exclude: [...plan.exclude],
    ...(plan.requireAllSources === undefined ? {} : { requireAllSources: plan.requireAllSources }),
    allowRemovals: plan.allowRemovals,
    planHash: plan.planHash,
    reboot: plan.reboot,
    rebootDelaySeconds: plan.rebootDelaySeconds,
  };
}
