import type { Migration } from 'kysely/migration';
import { initial } from './001-initial.ts';
import { joinTokens } from './002-join-tokens.ts';
import { revocation } from './003-revocation.ts';
import { rotation } from './004-rotation.ts';
import { renewalPlan } from './005-renewal-plan.ts';
import { lookups } from './006-lookups.ts';
import { lineage } from './007-lineage.ts';
import { succession } from './008-succession.ts';
import { revocationCount } from './009-revocation-count.ts';
import { callers } from './010-callers.ts';
import { apiTokens } from './011-api-tokens.ts';
import { inventory } from './012-inventory.ts';
import { people } from './013-people.ts';
import { sessions } from './014-sessions.ts';
import { secondFactor } from './015-second-factor.ts';
import { fleetDaily } from './016-fleet-daily.ts';
import { joinTokenNote } from './017-join-token-note.ts';
import { hostJobs } from './018-host-jobs.ts';
import { hostReboots } from './019-host-reboots.ts';
import { hostLabels } from './020-host-labels.ts';
import { hostGroups } from './021-host-groups.ts';
import { savedSearches } from './022-saved-searches.ts';
import { auditSealing } from './023-audit-sealing.ts';
import { apiTokenGuarded } from './024-api-token-guarded.ts';
import { roleBindings } from './025-role-bindings.ts';
import { passkeys } from './026-passkeys.ts';
import { waitingSince } from './027-waiting-since.ts';
import { acts } from './028-acts.ts';
import { oidc } from './029-oidc.ts';

/** Every migration by name, imported one by one so that a bundle holds them. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '001-initial': initial,
  '002-join-tokens': joinTokens,
  '003-revocation': revocation,
  '004-rotation': rotation,
  '005-renewal-plan': renewalPlan,
  '006-lookups': lookups,
  '007-lineage': lineage,
  '008-succession': succession,
  '009-revocation-count': revocationCount,
  '010-callers': callers,
  '011-api-tokens': apiTokens,
  '012-inventory': inventory,
  '013-people': people,
  '014-sessions': sessions,
  '015-second-factor': secondFactor,
  '016-fleet-daily': fleetDaily,
  '017-join-token-note': joinTokenNote,
  '018-host-jobs': hostJobs,
  '019-host-reboots': hostReboots,
  '020-host-labels': hostLabels,
  '021-host-groups': hostGroups,
  '022-saved-searches': savedSearches,
  '023-audit-sealing': auditSealing,
  '024-api-token-guarded': apiTokenGuarded,
  '025-role-bindings': roleBindings,
  '026-passkeys': passkeys,
  '027-waiting-since': waitingSince,
  '028-acts': acts,
  '029-oidc': oidc,
};
