export { type TestAuthority, type TestIdentity, testAuthority } from './authority.ts';
