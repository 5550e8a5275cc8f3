import { themed } from '@linux-patch/runtime/findings';

const enrollment = themed('enrollment');

/** The request of this host. */
export const ENROLLMENT_CHECKS = {
  PENDING_STATE_CORRUPT: enrollment.error({
    title: 'The saved state of the enrolment cannot be read',
    meaning:
      'The request cannot be taken up again; after the repair the agent asks once more, with a new key and code.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  PENDING_KEY_WRONG: enrollment.error({
    title: 'The key of the waiting request is missing or another one',
    meaning:
      'An approval could not be used; after the repair the agent asks once more, with a new key and code.',
    command: '{agent} doctor --fix',
    repairs: true,
  }),
  PENDING_SECRET_READABLE: enrollment.error({
    title: 'Others can read the state or the key of the waiting request',
    meaning: 'The host code and the key are in them.',
    command: 'chmod 600 {path}',
    repairs: true,
  }),
  ENROLLMENT_DENIED: enrollment.error({
    title: 'The manager refused this host',
    meaning: 'The agent does not ask again by itself. When it was a mistake, the next start asks once more.',
    command: '{restart}',
  }),
  ENROLLMENT_CONFLICT: enrollment.error({
    title: 'The manager already knows this host or has a request from it',
    meaning:
      'Re-installed, cloned or asked twice: an administrator removes what is out of date on the manager.',
    command: 'linux-patch-manager enrollments list',
  }),
  ENROLLMENT_APPROVAL_REFUSED: enrollment.error({
    title: 'An approval came that must not be installed',
    meaning: 'Somebody may be in between, or the code was not typed. Compare the key id on both sides.',
    command: 'linux-patch-manager enrollments approve {host}',
  }),
  ENROLLMENT_REQUEST_LOST: enrollment.warning({
    title: 'The manager does not know the request of this host any more',
    meaning: 'It was denied, forgotten or restored from a backup. The agent asks anew by itself.',
    command: '{restart}',
  }),
  ENROLLMENT_NEEDS_PERSON: enrollment.error({
    title: 'The enrolment cannot go on without a person',
    meaning: 'The reason is above; the agent looks again now and then.',
    command: '{agent} status',
  }),
  ENROLLMENT_RETRYING: enrollment.warning({
    title: 'The enrolment is being tried again',
    meaning: 'The reason is above; the agent goes on by itself when it is gone.',
    command: '{agent} status',
  }),
  ENROLLMENT_WAITING: enrollment.warning({
    title: 'This host waits for approval',
    meaning: 'Type the code on the manager that "linux-patch-api status" shows on this host.',
    command: 'linux-patch-manager enrollments approve {host}',
  }),
} as const;
