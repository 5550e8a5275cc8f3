import { PatchError, REQUEST_HEADER } from '@linux-patch/contract';
import type { ManagerRequest } from './manager-request.ts';

function refusal(why: string): PatchError {
  return new PatchError(
    'FORBIDDEN',
    `${why} Nothing was done. A signed-in person acts from a page of this manager, in a request with the header ${REQUEST_HEADER}; programs use API tokens.`,
  );
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.toLowerCase() === `https://${host.toLowerCase()}`;
}

/**
 * Refuses what a page of somebody else made a browser send with a person's cookie.
 * @throws PatchError `FORBIDDEN`
 */
export function requireOwnSite({ method, header }: Pick<ManagerRequest, 'method' | 'header'>): void {
  const isRead = method === 'GET';
  const site = header('sec-fetch-site');
  // `none` is what a person typed or a bookmark, which changes nothing.
  if (site !== undefined && site !== 'same-origin' && !(isRead && site === 'none'))
    throw refusal('The browser says that a page of another site asks.');
  const origin = header('origin');
  if (origin !== undefined && !isOwnOrigin(origin, header('host')))
    throw refusal('The request comes from a page of another origin than it goes to.');
  if (!isRead && header(REQUEST_HEADER) === undefined)
    throw refusal(`The header ${REQUEST_HEADER} is missing.`);
}
