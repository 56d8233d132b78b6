// Ownership: whoever constructs something disposable disposes it.

export interface Disposable {
  dispose(): void;
}

/** Wraps `action` so that it runs at most once. */
export function toDisposable(action: () => void): Disposable {
  let done = false;
  return {
    dispose() {
      if (done) return;
      done = true;
      action();
    },
  };
}

/** Owns disposables and disposes them in reverse order; anything added after disposal is disposed at once. */
export class DisposableStore implements Disposable {
  readonly #items: Disposable[] = [];
  #disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#items.push(item);
    return item;
  }

  dispose(): void {
    this.#disposed = true;
    for (const item of this.#items.splice(0).reverse()) item.dispose();
  }
}
