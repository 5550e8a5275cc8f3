/** As the manager asks. */
const LEAST_CHARACTERS = 12;
const GOOD_CHARACTERS = 16;
const STRONG_CHARACTERS = 20;

/** Whether a new password will do, with words for it. */
export interface Strength {
  /** Whether the manager takes it. */
  readonly isTaken: boolean;
  readonly words: string;
}

const USUAL = /password|passwort|qwert|asdf|letmein|admin|linux|0123|1234|abcd|(.)\1{3}/i;

/** Whether who guesses gets there early: few characters, one thing over and over, or what everybody takes. */
function isEasy(password: string, name: string): boolean {
  const small = password.toLowerCase();
  if (new Set(small).size < 6 || /^(.{1,8}?)\1+$/.test(small)) return true;
  const rest = (name.length > 2 ? small.replaceAll(name, '') : small).replace(USUAL, '');
  return rest.length < LEAST_CHARACTERS && rest.length < small.length;
}

/** Judges a password that somebody types for a new one. */
export function strengthOf(password: string, name: string): Strength {
  const missing = LEAST_CHARACTERS - password.length;
  if (missing > 0)
    return {
      isTaken: false,
      words:
        password === ''
          ? `At least ${LEAST_CHARACTERS} characters. A few words in a row are good, and easy to remember.`
          : `Too short: ${missing} more.`,
    };
  if (password.toLowerCase() === name) return { isTaken: false, words: 'It must not be the name.' };
  if (isEasy(password, name)) return { isTaken: true, words: 'Weak: this is guessed early. Add words.' };
  if (password.length < GOOD_CHARACTERS) return { isTaken: true, words: 'Enough. Longer is better.' };
  return { isTaken: true, words: password.length < STRONG_CHARACTERS ? 'Good.' : 'Strong.' };
}
