import { TextInput } from '@mantine/core';

/** Why this can be nobody's subject; undefined when it can. */
export function whyNoSubject(subject: string): string | undefined {
  if (subject === '') return 'Say as whom the identity provider knows them.';
  return /^[\x21-\x7e]{1,255}$/.test(subject)
    ? undefined
    : 'A subject is one word of at most 255 letters, digits and signs.';
}

/** As whom the identity provider knows somebody. */
export function SubjectField({
  subject,
  type,
}: {
  readonly subject: string;
  readonly type: (subject: string) => void;
}) {
  return (
    <TextInput
      label="Subject"
      description='What the identity provider says of them in "sub". Whoever tries to sign in and is not known sees theirs, and so does the audit log.'
      autoComplete="off"
      spellCheck={false}
      maxLength={255}
      value={subject}
      onChange={({ currentTarget: { value } }) => type(value.trim())}
    />
  );
}
