/** What an audit event is about. */
export interface AuditEventTraits {
  /** One sentence: what has happened. */
  readonly meaning: string;
  /** Members that its record may have. None of them is ever a secret. */
  readonly fields: readonly string[];
}

/** An entry of a table of events. */
export const event = (meaning: string, ...fields: readonly string[]): AuditEventTraits => ({
  meaning,
  fields,
});
