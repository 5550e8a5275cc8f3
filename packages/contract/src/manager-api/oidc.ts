import { z } from 'zod';
import { lazily } from '../lazily.ts';
import { Line } from '../text-bounds.ts';

/** How an identity provider calls somebody, for ever and nobody else: the claim `sub` (OpenID Connect Core §2). */
export const OidcSubject = lazily(() =>
  z
    .string()
    .min(1)
    .max(255)
    .regex(
      /^[\x21-\x7e]+$/,
      'must be at most 255 characters of ASCII without blanks, as the provider says it',
    ),
);

/** Whether people of an identity provider sign in. */
export const OidcOffer = lazily(() =>
  z.object({
    name: Line.nullable().meta({
      description: 'As people know the provider (`oidc.name`); null where none is configured.',
    }),
    origin: Line.meta({
      description: 'The address of the page where this works: that of `server.url`.',
    }),
  }),
);
export type OidcOffer = z.infer<typeof OidcOffer>;

/** Where a browser goes to; what binds this to the browser is a cookie. */
export const OidcBegun = lazily(() =>
  z.object({
    url: z
      .url({ protocol: /^https$/ })
      .max(16_384)
      .meta({ description: 'At the provider.' }),
  }),
);

/** The whole query with which the provider sent a browser back, without the `?`. */
export const OidcAnswer = lazily(() => z.string().max(8_192));

/** Body of `POST /session/oidc`. */
export const OidcReturn = lazily(() => z.strictObject({ answer: OidcAnswer }));

/** How somebody of an identity provider is known to this manager. */
export const OidcIdentity = lazily(() =>
  z.object({
    issuer: Line.meta({
      description: 'The provider (`oidc.issuer`) when this was set; nobody signs in with another one.',
    }),
    subject: Line.meta({ description: 'What the provider says in `sub`.' }),
  }),
);
export type OidcIdentity = z.infer<typeof OidcIdentity>;
