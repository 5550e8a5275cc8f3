import { PasswordInput } from '@mantine/core';
import { strengthOf } from './strength.ts';

/** A new password as it is typed. */
export interface TypedPassword {
  readonly password: string;
  readonly again: string;
}

export const NOTHING_TYPED: TypedPassword = { password: '', again: '' };

/** Why it cannot be taken as it stands; undefined when it can. */
export function whyNoPassword({ password, again }: TypedPassword, name: string): string | undefined {
  const { isTaken, words } = strengthOf(password, name);
  if (!isTaken) return words;
  return password === again ? undefined : 'Type the same password twice.';
}

/** Two fields for a new password, with words for how good it is. */
export function NewPassword({
  name,
  typed,
  type,
}: {
  /** Whose it is. */
  readonly name: string;
  readonly typed: TypedPassword;
  readonly type: (typed: TypedPassword) => void;
}) {
  const field = {
    autoComplete: 'new-password',
    maxLength: 256,
    visibilityToggleButtonProps: { 'aria-label': 'Show the password' },
  } as const;
  return (
    <>
      <PasswordInput
        {...field}
        label="New password"
        description={<span aria-live="polite">{strengthOf(typed.password, name).words}</span>}
        value={typed.password}
        onChange={({ currentTarget: { value } }) => type({ ...typed, password: value })}
      />
      <PasswordInput
        {...field}
        label="The new password again"
        value={typed.again}
        onChange={({ currentTarget: { value } }) => type({ ...typed, again: value })}
        error={
          typed.again !== '' && !typed.password.startsWith(typed.again) ? 'It is not the same.' : undefined
        }
      />
    </>
  );
}
