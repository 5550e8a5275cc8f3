import {
  MANAGER_ADMIN_ROUTES,
  PatchError,
  type Person,
  type PersonChange,
  type Session,
} from '@linux-patch/contract';
import { pastTime, relativeTime, renderTable } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { personName } from './arguments.ts';
import { type CommandContext, print } from './command-context.ts';
import { type CommandLine, quietly } from './command-line.ts';
import { PASSWORD_FILE_HELP, readNewPassword } from './new-password.ts';
import {
  describeRoles,
  explainRoles,
  type RoleOptions,
  rolesToMake,
  withNewRoles,
  withRoles,
} from './role-options.ts';

interface PasswordOption {
  readonly passwordFile?: string;
}

interface SubjectOption {
  readonly oidcSubject?: string;
}

const SUBJECT_HELP =
  'signs in with the identity provider of oidc in config.yaml, which calls them so (sub), and has no password';

/** `people create` */
async function createPerson(
  context: CommandContext,
  name: string,
  { passwordFile, oidcSubject, ...roles }: PasswordOption & SubjectOption & RoleOptions,
): Promise<void> {
  const wish = rolesToMake(roles);
  if (passwordFile !== undefined && oidcSubject !== undefined)
    throw new PatchError(
      'INVALID_REQUEST',
      '--password-file and --oidc-subject are not both possible: who signs in with the identity provider has no password here. Nothing was made.',
    );
  const way =
    oidcSubject === undefined
      ? { password: await readNewPassword(context, { name, passwordFile }) }
      : { oidc_subject: oidcSubject };
  const person = await context.api.call(MANAGER_ADMIN_ROUTES.createPerson, {
    body: { name, ...wish, ...way },
  });
  print(context, person, () => `Made ${person.name}, role ${explainRoles(person)}`);
}

/** By what somebody signs in: a password, what that takes beside it or can be instead of it, or the identity provider. */
function wayOf({ authenticator, passkeys, oidc }: Person): string {
  if (oidc) return `${new URL(oidc.issuer).host} as ${oidc.subject}`;
  const keys = passkeys === 1 ? '1 passkey' : `${passkeys} passkeys`;
  return ['password', ...(authenticator ? ['authenticator'] : []), ...(passkeys > 0 ? [keys] : [])].join(
    ', ',
  );
}

function rowOf(person: Person, nowMs: number): string[] {
  return [
    person.name,
    describeRoles(person),
    person.state,
    wayOf(person),
    pastTime(person.last_sign_in_at, nowMs),
    pastTime(person.created_at, nowMs),
    person.created_by,
  ];
}

/** `people list` */
async function listPeople(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.listPeople);
  print(context, data, () =>
    data.people.length === 0
      ? 'No people. The first one: linux-patch-manager people create NAME --role admin'
      : renderTable(
          ['NAME', 'ROLE', 'STATE', 'SIGNS IN BY', 'SIGNED IN', 'MADE', 'BY'],
          data.people.map((person) => rowOf(person, context.nowMs)),
        ),
  );
}

/** `people disable`, `people enable` and `people set` */
async function changePerson(context: CommandContext, name: string, body: PersonChange): Promise<void> {
  const person = await context.api.call(MANAGER_ADMIN_ROUTES.changePerson, { params: { name }, body });
  const way =
    body.oidc_subject === undefined ? '' : ` They sign in by ${wayOf(person)}, and in no other way.`;
  print(
    context,
    person,
    () => `${person.name} is ${person.state}, with the role ${describeRoles(person)}.${way}`,
  );
}

/** `people reset` */
async function resetPerson(
  context: CommandContext,
  name: string,
  { passwordFile }: PasswordOption,
): Promise<void> {
  const password = await readNewPassword(context, { name, passwordFile });
  const person = await context.api.call(MANAGER_ADMIN_ROUTES.resetPerson, {
    params: { name },
    body: { password },
  });
  const shut = person.state === 'disabled' ? ' They stay disabled; "people enable" lets them in.' : '';
  print(
    context,
    person,
    () => `${person.name} has a new password, which alone signs in, and is signed out everywhere.${shut}`,
  );
}

/** `people remove` */
async function removePerson(context: CommandContext, name: string): Promise<void> {
  const person = await context.api.call(MANAGER_ADMIN_ROUTES.removePerson, { params: { name } });
  print(context, person, () => `Removed ${person.name} (${person.role}). The name is not given again.`);
}

function sessionRow(session: Session, nowMs: number): string[] {
  const { id, created_at, seen_at, ends_at, address, client } = session;
  return [
    id,
    pastTime(created_at, nowMs),
    `${pastTime(seen_at, nowMs)} from ${address}`,
    relativeTime(ends_at, nowMs),
    client === '' ? '-' : client,
  ];
}

/** `people sessions` */
async function listSessions(context: CommandContext, name: string): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.personSessions, { params: { name } });
  print(context, data, () =>
    data.sessions.length === 0
      ? `${name} is signed in nowhere.`
      : renderTable(
          ['ID', 'SIGNED IN', 'USED', 'ENDS', 'BROWSER'],
          data.sessions.map((session) => sessionRow(session, context.nowMs)),
        ),
  );
}

/** `people sign-out` */
async function signOut(
  context: CommandContext,
  name: string,
  { session }: { readonly session?: string },
): Promise<void> {
  const body = session === undefined ? {} : { session };
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.endPersonSessions, { params: { name }, body });
  const { ended } = data;
  print(context, data, () => `Ended ${ended} ${ended === 1 ? 'session' : 'sessions'} of ${name}.`);
}

/** `people set`: what is not said stays. */
function setRoles(
  context: CommandContext,
  name: string,
  { role, bind, unbind, oidcSubject }: RoleOptions & SubjectOption & { readonly unbind?: boolean },
): Promise<void> {
  if (bind !== undefined && unbind)
    throw new PatchError(
      'INVALID_REQUEST',
      '--bind and --unbind are not both possible. Nothing was changed.',
    );
  const bindings = unbind ? [] : bind && [...bind];
  const change = {
    ...(role === undefined ? {} : { role }),
    ...(bindings ? { bindings } : {}),
    ...(oidcSubject === undefined ? {} : { oidc_subject: oidcSubject }),
  };
  if (Object.keys(change).length === 0)
    throw new PatchError(
      'INVALID_REQUEST',
      'Say --role, --bind, --unbind or --oidc-subject. Nothing was changed.',
    );
  return changePerson(context, name, change);
}

/** Adds `people` to the command line. */
export function addPeopleCommands({ program, add, run }: CommandLine): void {
  const people = program.command('people').description('people who sign in, each with a role and a password');
  const named = <O extends object>(
    usage: string,
    description: string,
    work: (context: CommandContext, name: string, options: O) => Promise<void>,
  ): Command =>
    add(people, usage, description)
      .argument('<name>', 'by which the person signs in, and records tell who acted', personName)
      .action((name: string, options: O, command: Command) =>
        run(
          command,
          quietly((context) => work(context, name, options)),
        ),
      );
  withNewRoles(
    named('create', 'make a person; the password is asked for', createPerson),
    'what the person may do',
  )
    .option('--password-file <file>', PASSWORD_FILE_HELP)
    .option('--oidc-subject <subject>', SUBJECT_HELP);
  add(people, 'list', 'list people: what each may do, and when they signed in last').action(
    (_options: object, command: Command) => run(command, quietly(listPeople)),
  );
  withRoles(
    named('set', 'give a person another role, or another way to sign in; what is not said stays', setRoles),
    'what the person may do from now on',
  )
    .option('--unbind', 'take away all roles for some hosts')
    .option('--oidc-subject <subject>', `${SUBJECT_HELP} any more`);
  named('disable', 'let a person in no more, from now on', (context, name) =>
    changePerson(context, name, { disabled: true }),
  );
  named('enable', 'let a disabled person in again', (context, name) =>
    changePerson(context, name, { disabled: false }),
  );
  named(
    'reset',
    'give a person a new password, which is asked for; takes the authenticator, passkeys and identity provider away, ends all sessions, and lets who is slowed down try at once',
    resetPerson,
  ).option('--password-file <file>', PASSWORD_FILE_HELP);
  named('sessions', 'list where a person is signed in', listSessions);
  named('sign-out', 'sign a person out, everywhere or in one session', signOut).option(
    '--session <id>',
    'this session alone, as "people sessions" shows it',
  );
  named('remove', 'remove a person; the name is not given again', removePerson);
}
