import { expect, it } from 'vitest';
import { ManagerConfigSchema } from './schema.ts';
import { isOpenToOthers } from './secret-file.ts';

const LEAST = {
  issuer: 'https://id.example.org/realms/main',
  client_id: 'linux-patch',
  client_secret_file: '/etc/linux_patch_manager/oidc.secret',
};
const parse = (oidc: object) => ManagerConfigSchema.safeParse({ oidc });

it('an identity provider takes three keys, and has defaults for the rest', () => {
  expect(parse(LEAST).data?.oidc).toEqual({
    ...LEAST,
    name: 'your organisation',
    scopes: ['openid'],
    timeout_seconds: 10,
    name_claim: 'preferred_username',
    groups_claim: 'groups',
    admin_groups: [],
    operator_groups: [],
    viewer_groups: [],
  });
});

it.each<[string, object, RegExp]>([
  ['no issuer', { issuer: undefined }, /issuer|expected string/i],
  ['an issuer without encryption', { issuer: 'http://id.example.org' }, /must be an https URL/],
  ['an issuer with a query', { issuer: 'https://id.example.org/?a' }, /without user, query and fragment/],
  ['an issuer with a password', { issuer: 'https://a:b@id.example.org' }, /without user/],
  ['the secret itself', { client_secret: 'x' }, /client_secret/],
  ['a file that is not absolute', { client_secret_file: 'oidc.secret' }, /absolute path/],
  ['scopes without openid', { scopes: ['groups'] }, /must have openid/],
  ['two scopes in one', { scopes: ['openid', 'a b'] }, /one word/],
  ['a group without a name', { admin_groups: [''] }, /admin_groups/],
])('%s is refused', (_what, change, why) => {
  const { success, error } = parse({ ...LEAST, ...change });
  expect(success).toBe(false);
  expect(JSON.stringify(error?.issues)).toMatch(why);
});

it.each<[string, number, number, boolean]>([
  ['/etc/linux_patch_manager/oidc.secret', 0o600, 990, false],
  ['/etc/linux_patch_manager/oidc.secret', 0o640, 990, true],
  ['/etc/linux_patch_manager/oidc.secret', 0o604, 990, true],
  // As systemd lays a credential for a user: root's, with an ACL whose mask is in the place of the group.
  ['/run/credentials/linux-patch-manager.service/oidc', 0o440, 0, false],
  ['/run/credentials/linux-patch-manager.service/oidc', 0o444, 0, true],
  ['/run/credentials/linux-patch-manager.service/oidc', 0o440, 990, true],
  ['/etc/oidc', 0o440, 0, true],
])('%s of mode %o and user %i is open to others: %s', (path, mode, uid, isOpen) => {
  expect(isOpenToOthers(path, { mode, uid })).toBe(isOpen);
});
