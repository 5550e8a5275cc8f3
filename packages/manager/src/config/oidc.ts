import { lazily, OneLine } from '@linux-patch/contract';
import { z } from 'zod';

function issuerFault(url: URL | null): string | undefined {
  if (url?.protocol !== 'https:') return 'must be an https URL, such as https://id.example.org/realms/main';
  const { search, hash, username, password } = url;
  return search + hash + username + password === ''
    ? undefined
    : 'must be an https URL without user, query and fragment, as the provider writes it in its discovery document';
}

const absolutePath = () => z.string().min(1).max(4_096).startsWith('/', 'must be an absolute path');
const groups = (role: string) =>
  z
    .array(OneLine(256))
    .max(100)
    .default([])
    .meta({
      description: `Groups there whose people have the role ${role}; of several roles the one that may most counts. With any group named, groups decide who of the provider signs in; with none, administrators do.`,
    });

/** Of the manager's configuration: the identity provider with which people sign in (OpenID Connect). */
export const OidcSchema = lazily(() =>
  z.strictObject({
    issuer: z
      .string()
      .max(2_048)
      .superRefine((text, context) => {
        const message = issuerFault(URL.parse(text));
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .meta({
        description:
          'The provider, exactly as it writes itself (`issuer`); its discovery document is below, at /.well-known/openid-configuration.',
        example: 'https://id.example.org/realms/main',
      }),
    name: OneLine(40).default('your organisation').meta({
      description: 'How people know it: the page says "Sign in with NAME".',
      example: 'Example ID',
    }),
    client_id: OneLine(256).meta({
      description: 'As the provider knows this manager.',
      example: 'linux-patch',
    }),
    client_secret_file: absolutePath().meta({
      description:
        'File with the secret of the client, 0600 and of the user as whom the manager runs, or a credential of systemd. It is read when it is needed, so that a new one counts without a restart.',
      example: '/etc/linux_patch_manager/oidc.secret',
    }),
    ca_file: absolutePath().optional().meta({
      description:
        'Certificates (PEM) of authorities that may vouch for the provider, beside those that this machine trusts.',
      example: '/etc/linux_patch_manager/oidc-ca.pem',
    }),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be a scope, one word'))
      .max(20)
      .default(['openid'])
      .refine((scopes) => scopes.includes('openid'), 'must have openid among them')
      .meta({ description: 'What is asked for; some providers tell groups for a scope of their own only.' }),
    timeout_seconds: z
      .int()
      .min(1)
      .max(60)
      .default(10)
      .meta({ description: 'Seconds that the provider has for one answer.' }),
    name_claim: OneLine(128).default('preferred_username').meta({
      description:
        'Claim of the ID token by which people are called here who are made because of a group; whom they are is decided by `sub` alone.',
    }),
    groups_claim: OneLine(128).default('groups').meta({
      description: 'Claim of the ID token with the groups of somebody.',
    }),
    admin_groups: groups('admin'),
    operator_groups: groups('operator'),
    viewer_groups: groups('viewer'),
  }),
);
export type OidcSettings = z.output<typeof OidcSchema>;
