/** Why certificates cannot be used. */
export interface IdentityProblem {
  readonly status: string;
  readonly message: string;
}

/** What to do on a host that has no usable certificates and no manager to ask. */
export function noManagerGuidance(
  identity: IdentityProblem,
  configFile: string,
  certificatesFolder: string,
): string {
  return [
    `No usable certificates (${identity.status}): ${identity.message}`,
    'enrollment.manager_url is not set, so this agent cannot get certificates by itself. Three ways to go on:',
    `  1. name the manager: put "enrollment: { manager_url: https://MANAGER:8443 }" into ${configFile} and start the service`,
    '  2. enrol once by hand: linux-patch-api --enroll https://MANAGER:8443',
    `  3. copy ca.pem, server.pem and server.key.pem (mode 0600) to ${certificatesFolder} and start the service`,
    'Nothing is wrong with the service itself; it ends cleanly so that it is not restarted in a loop.',
  ].join('\n');
}

/** What to do after an administrator refused this host. */
export function deniedGuidance(managerUrl: string, reason: string | undefined): string {
  return [
    `The manager at ${managerUrl} refused this host${reason ? `: ${reason}` : '.'}`,
    'The agent does not ask again by itself. When the refusal was a mistake, talk to the administrator of the manager and',
    'start the service once more; it will ask to join anew.',
  ].join('\n');
}

/** What it means that the agent stops before it has an identity. */
export function unfinishedGuidance(managerUrl: string, why: string): string {
  return [
    `Enrolment with ${managerUrl} is not finished: ${why}`,
    'The request and its key are saved; the next start goes on with the same request. "linux-patch-api status" shows it.',
  ].join('\n');
}
