// The product's version, set by the bundler from package.json.
declare const PRODUCT_VERSION: string | undefined;

/** `0.0.0-source` when the sources run without a build. */
export const productVersion: string = typeof PRODUCT_VERSION === 'string' ? PRODUCT_VERSION : '0.0.0-source';
