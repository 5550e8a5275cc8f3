import { z } from 'zod';

/** A text that means hosts; more names than fit take several calls. */
export const MAX_SELECTOR_CHARACTERS = 4_000;

/** Which hosts are meant, see the description. */
export const HostSelector = z.string().min(1).max(MAX_SELECTOR_CHARACTERS).meta({
  description:
    'Parts with commas between; a host is meant that one of them means. A part is a name, address or id, a pattern of names with `*` and `?`, `@all`, `@current`, `@behind`, `@unknown`, `@reboot` (those that need one), `@KEY=VALUE` (those with that label), `@group:NAME` (those in that group), or `@saved:NAME` (those that this saved search means); a group or saved search that there is not is an error; with `+` between them a host is meant that every one of them means. Hosts that left are none of them.',
});
