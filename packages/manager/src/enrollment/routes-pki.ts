import { MANAGER_PUBLIC_ROUTES, PatchError } from '@linux-patch/contract';
import { type Answer, answerWith, jsonAnswer } from '@linux-patch/http';
import { canonicalSerial } from '@linux-patch/pki';
import type { RevocationList } from '../authority/revocation-list.ts';
import type { ManagerRequest } from '../http/manager-request.ts';
import type { Routes } from '../http/routes.ts';
import type { EnrollmentContext } from './context.ts';

function pem(text: string, headers: Readonly<Record<string, string>>): Answer {
  return answerWith(text, {
    headers: { 'Content-Type': 'application/x-pem-file; charset=utf-8', ...headers },
  });
}

/** Certificates and revocation list, for whoever asks. */
export function servePki(routes: Routes, enrollment: EnrollmentContext): void {
  const { authority, db } = enrollment;
  routes.serveBare(MANAGER_PUBLIC_ROUTES.ca, () =>
    pem(authority.publishedRootsPem, { 'Cache-Control': 'max-age=3600' }),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.crl, async ({ request, query: { serial } }) =>
    answerCrl(request, await authority.revocationList(db, serial && canonicalSerial(serial))),
  );
  routes.serveBare(MANAGER_PUBLIC_ROUTES.trust, async () => jsonAnswer(await authority.trustBundle(db), 200));
  routes.serveBare(MANAGER_PUBLIC_ROUTES.repoConfig, () => {
    throw new PatchError(
      'NOT_FOUND',
      'This manager hosts no packages for agents of the older generation; see install-line.',
    );
  });
}

/** A cache must ask again each time: a revocation counts from now on, not from when a copy is old. */
function answerCrl(request: ManagerRequest, list: RevocationList): Answer {
  const headers = {
    ETag: `"${list.number}"`,
    'Last-Modified': new Date(list.thisUpdateMs).toUTCString(),
    'Cache-Control': 'no-cache',
  };
  return hasList(request, list) ? answerWith(undefined, { status: 304, headers }) : pem(list.pem, headers);
}

/** Conditional requests (RFC 9110 §13.1): where there is an ETag, the date does not count. */
function hasList({ header }: ManagerRequest, list: RevocationList): boolean {
  const tags = header('if-none-match');
  if (tags !== undefined) {
    return tags.split(',').some((tag) => ['*', `"${list.number}"`].includes(tag.trim().replace(/^W\//, '')));
  }
  const since = Date.parse(header('if-modified-since') ?? '');
  return since >= list.thisUpdateMs;
}
