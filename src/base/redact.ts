// Keeps secrets out of everything that is written down or sent on. Knows values, not variables:
// which values are secret is decided by their owners (language/sensitivity.ts, the runtime, the agent).

/** What a reader sees instead of a secret. */
export const MASK = '••••';

/**
 * Replaces every registered secret in texts. Cost of `text`: one regular-expression pass, O(length).
 * A secret of one or two characters is not searched for inside longer texts (it would blank out ordinary words);
 * a text that equals it is still masked.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  /** Registers `secret` and the forms in which it may reappear: JSON-escaped, URL-encoded, Base64 and Robin-escaped. Empty text is ignored. */
  add(secret: string): void {
    if (secret === '' || this.#secrets.has(secret)) return;
    for (const form of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      secret.replace(/['"\\]/g, '\\$&'),
      encodeForm(secret),
      toBase64(secret),
      secret.trim(),
    ]) {
      if (form !== '') this.#secrets.add(form);
    }
    this.#pattern = undefined;
  }

  /**
   * Registers a text that was computed from a secret. One of fewer than four characters is not searched for: it may be any number or
   * word, and whoever computed it knows where it goes.
   */
  addDerived(text: string): void {
    if (text.trim().length >= 4 && !/^(true|false)$/i.test(text)) this.add(text);
  }

  /**
   * Registers a secret as a person gave it, and its pieces between path separators and line breaks: put into a path, it comes back
   * as the names of folders. Not for computed texts, whose pieces may be ordinary words.
   */
  addGiven(secret: string): void {
    this.add(secret);
    for (const piece of secret.split(/[\\/\r\n]+/)) if (piece.trim().length > 2) this.add(piece.trim());
  }

  get isEmpty(): boolean {
    return this.#secrets.size === 0;
  }

  text(text: string): string {
    if (this.#secrets.size === 0 || text === '') return text;
    if (this.#secrets.has(text)) return MASK;
    this.#pattern ??= new RegExp(
      [...this.#secrets]
        .filter((secret) => secret.length > 2)
        .sort((a, b) => b.length - a.length)
        .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
        .join('|') || '(?!)',
      'g',
    );
    return text.replace(this.#pattern, MASK);
  }

  /** A copy of a JSON-like value with every text (keys too) redacted; numbers that equal a registered secret become the mask. */
  value<T>(value: T): T {
    return this.#secrets.size === 0 ? value : (this.#copy(value) as T);
  }

  #copy(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#secrets.has(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map((item) => this.#copy(item));
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [this.text(key), this.#copy(item)]),
      );
    }
    return value;
  }
}

function encodeForm(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return ''; // a lone surrogate has no URL form
  }
}

function toBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
