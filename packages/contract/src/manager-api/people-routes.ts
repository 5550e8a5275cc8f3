import type { Route } from '../route.ts';
import { ADMIN_ERRORS } from './admin-errors.ts';
import { CreatePerson, Person, PersonChange, PersonList, PersonReset } from './people.ts';
import { EndSessions, SessionList, SessionsEnded } from './sessions.ts';

/** The part of `MANAGER_ADMIN_ROUTES` about people. */
export const PEOPLE_ROUTES = {
  createPerson: {
    method: 'POST',
    path: '/api/v1/people',
    auth: 'people:manage',
    stepUp: true,
    summary:
      'Make a person, who signs in with this name and password, or with the identity provider, and may do what the role allows',
    body: CreatePerson,
    response: Person,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_CONFLICT', 'GROUP_NOT_FOUND'],
  },
  listPeople: {
    method: 'GET',
    path: '/api/v1/people',
    auth: 'people:read',
    summary: 'People, by name',
    response: PersonList,
    status: 200,
    errors: ADMIN_ERRORS,
  },
  changePerson: {
    method: 'PUT',
    path: '/api/v1/people/{name}',
    auth: 'people:manage',
    stepUp: true,
    summary:
      'Give a person another role, for all hosts or for some, shut them out and let them in again, or let them sign in with the identity provider',
    body: PersonChange,
    response: Person,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_NOT_FOUND', 'PERSON_CONFLICT', 'GROUP_NOT_FOUND'],
  },
  resetPerson: {
    method: 'POST',
    path: '/api/v1/people/{name}/reset',
    auth: 'people:manage',
    stepUp: true,
    summary: 'Give a person a new password',
    body: PersonReset,
    response: Person,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_NOT_FOUND'],
  },
  personSessions: {
    method: 'GET',
    path: '/api/v1/people/{name}/sessions',
    auth: 'people:read',
    summary: 'Where a person is signed in, newest first',
    response: SessionList,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_NOT_FOUND'],
  },
  endPersonSessions: {
    method: 'POST',
    path: '/api/v1/people/{name}/sessions/end',
    auth: 'people:manage',
    stepUp: true,
    summary: 'Sign a person out, everywhere or in one session',
    body: EndSessions,
    bodyOptional: true,
    response: SessionsEnded,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_NOT_FOUND'],
  },
  removePerson: {
    method: 'DELETE',
    path: '/api/v1/people/{name}',
    auth: 'people:manage',
    stepUp: true,
    summary: 'Remove a person; the name stays taken, so that records mean one person by it',
    response: Person,
    status: 200,
    errors: [...ADMIN_ERRORS, 'PERSON_NOT_FOUND'],
  },
} as const satisfies Record<string, Omit<Route, 'id'>>;
