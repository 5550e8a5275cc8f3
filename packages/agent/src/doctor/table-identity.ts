import { themed } from '@linux-patch/runtime/findings';

const certificates = themed('certificates');

/** What is wrong with the places of the identity; the cause of what its content looks like. */
export const STORE_CHECKS = {
  CURRENT_DANGLING: certificates.error({
    title: 'The link to the certificates in use leads nowhere',
    meaning:
      'Its set was removed by hand or by a restore. An older complete set is taken if there is a valid one.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  GENERATION_BROKEN: certificates.error({
    title: 'The set of certificates in use is incomplete',
    meaning: 'Files of it were removed or emptied. An older complete set is taken if there is a valid one.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  KEY_MODE_OPEN: certificates.error({
    title: 'Others can read the private key',
    meaning: 'Whoever has read it can answer in the name of this host. When in doubt, renew it as well.',
    command: 'chmod 600 {path}',
    repairs: true,
  }),
  KEY_FOREIGN_OWNER: certificates.error({
    title: 'The private key belongs to another user',
    meaning: 'Its owner can read and replace it.',
    command: 'chown {owner} {path}',
    repairs: true,
  }),
  KEY_UNREADABLE: certificates.error({
    title: 'The private key cannot be read',
    meaning: 'It is a folder, a link that leads in a circle, or its disk is broken.',
    command: 'mv {path} {path}.bak && {restart}',
    repairs: true,
  }),
  CERT_UNREADABLE: certificates.error({
    title: 'A certificate file cannot be read',
    meaning: 'It is a folder, a link that leads in a circle, or its disk is broken.',
    command: 'mv {path} {path}.bak && {restart}',
    repairs: true,
  }),
} as const;

/** What is wrong with the identity itself, in the order in which it is checked. */
export const CERTIFICATE_CHECKS = {
  IDENTITY_MISSING: certificates.error({
    title: 'This host has no certificates and does not ask for any',
    meaning: 'A manager is named, so the agent asks it as soon as it runs.',
    command: '{start}',
  }),
  CA_MISSING: certificates.error({
    title: 'The CA file does not exist',
    meaning: 'Without it no client can be checked; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_MISSING: certificates.error({
    title: 'The server certificate does not exist',
    meaning: 'The agent enrols anew when a manager is named.',
    command: '{renew}',
    repairs: true,
  }),
  KEY_MISSING: certificates.error({
    title: 'The private key does not exist',
    meaning: 'A certificate without its key is worth nothing; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CA_CORRUPT: certificates.error({
    title: 'The CA file holds no certificate that can be read',
    meaning: 'A copy that broke off, or another file in its place; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_CORRUPT: certificates.error({
    title: 'The server certificate cannot be read as one',
    meaning: 'A copy that broke off, or another file in its place; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  KEY_CORRUPT: certificates.error({
    title: 'The private key cannot be read as one',
    meaning: 'It is damaged, encrypted, or of a kind that is not used; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CA_EXPIRED: certificates.error({
    title: 'The CA of this host has expired',
    meaning:
      'No connection with the manager can be proven any more; the agent enrols anew and a person approves once.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_EXPIRED: certificates.error({
    title: 'The server certificate has expired',
    meaning: 'Nobody connects to this host. The agent renews or enrols by itself once the manager answers.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_NOT_YET_VALID: certificates.error({
    title: 'A certificate is not valid yet by the clock of this host',
    meaning: 'Usually the clock is behind. Put it right before anything is made anew.',
    command: 'timedatectl set-ntp true',
  }),
  KEY_MISMATCH: certificates.error({
    title: 'The private key belongs to another certificate',
    meaning: 'Files of two sets were mixed, usually by copying; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_UNTRUSTED: certificates.error({
    title: 'The server certificate was not made by the CA of this host',
    meaning: 'Files of two managers were mixed, or the manager was set up anew; the agent enrols anew.',
    command: '{renew}',
    repairs: true,
  }),
  CERT_UNSUITABLE: certificates.error({
    title: 'The certificate must not be used by a server',
    meaning: "A CA's or a client's certificate was copied, or its key is too weak.",
    command: '{renew}',
    repairs: true,
  }),
  OWN_CERT_REVOKED: certificates.error({
    title: 'The certificate of this host is revoked',
    meaning:
      'The manager does not talk to it any more. The agent asks to join again by itself when a manager is named; somebody approves it as if it were new.',
    command: 'linux-patch-manager enrollments list  # on the manager, then approve this host',
  }),
  IDENTITY_OF_OTHER_HOST: certificates.error({
    title: 'The identity was made on another host',
    meaning:
      'This is a copy. At its start the agent makes a key of its own and asks to join as a host of its own.',
    command: '{restart}',
  }),
  CERT_WRONG_NAME: certificates.warning({
    title: 'The certificate has another name than this host',
    meaning:
      'The host was renamed or this is a copy of another one; the manager dials the name for live output.',
    command: '{agent} --enroll {manager}',
  }),
  CERT_WRONG_ADDRESS: certificates.warning({
    title: 'The certificate names no address that this host has',
    meaning: 'The host has moved; a manager that dials the address refuses the connection.',
    command: '{agent} --enroll {manager}',
  }),
  CERT_FLAWED: certificates.warning({
    title: 'The identity is used, but a new one like it would be refused',
    meaning:
      'The check is in brackets above. The host serves; mend it before the next renewal does not succeed.',
    command: '{agent} --enroll {manager}',
  }),
  IDENTITY_FORKED: certificates.error({
    title: 'Another machine holds the identity of this host as well',
    meaning:
      'The manager renewed the certificate for another key, which is in use. This is a copy or an old snapshot of the host, or somebody copied its key. A copy needs a name and a machine-id of its own first.',
    command: '{agent} --enroll {manager}',
  }),
  RENEWAL_FAILING: certificates.warning({
    title: 'The renewal of the certificate fails',
    meaning: 'The agent tries again by itself; until the certificate expires everything works.',
    command: '{agent} --renew-certs',
  }),
  RENEWAL_OVERDUE: certificates.warning({
    title: 'The certificate should have been renewed by now',
    meaning: 'The agent does not run, does not know its manager, or has not tried yet.',
    command: '{start}',
  }),
  CERT_EXPIRING_SOON: certificates.warning({
    title: 'The certificate expires soon',
    meaning: 'Renewal normally happens long before; something has kept it from happening.',
    command: '{agent} --renew-certs',
  }),
  CRL_UNREADABLE: certificates.warning({
    title: 'The revocation list cannot be read',
    meaning: 'Revoked clients are not recognised until the agent has fetched it anew.',
    command: 'rm -rf {path} && {restart}',
    repairs: true,
  }),
  CRL_FOREIGN: certificates.warning({
    title: 'The revocation list is not signed by the CA of this host',
    meaning: 'It comes from another manager or was changed; none of its entries count.',
    command: 'rm -f {path} && {restart}',
    repairs: true,
  }),
  CRL_EXPIRED: certificates.warning({
    title: 'The revocation list is out of date',
    meaning: 'It still counts and nobody is locked out, but what was revoked since is not known here.',
    command: '{restart}',
  }),
  CRL_MISSING: certificates.notice({
    title: 'There is no revocation list',
    meaning: 'No client counts as revoked. The agent fetches one from a manager of this generation.',
    command: '{restart}',
  }),
} as const;
