/** What each event says, by its name. */
export const MEANINGS: Readonly<Record<string, string>> = __AUDIT_EVENTS__;
