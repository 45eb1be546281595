// What the declarations of the contract need to know of TypeBox: which type a schema stands for.

interface Schema<T> {
  readonly '~type': T;
}

interface OptionalSchema<T> extends Schema<T> {
  readonly '~optional': true;
}

type Properties = Readonly<Record<string, Schema<unknown>>>;

type OptionalKeys<P extends Properties> = {
  [K in keyof P]: P[K] extends OptionalSchema<unknown> ? K : never;
}[keyof P];

type ObjectOf<P extends Properties> = {
  [K in Exclude<keyof P, OptionalKeys<P>>]: Static<P[K]>;
} & { [K in OptionalKeys<P>]?: Static<P[K]> };

export type Static<S> = S extends Schema<infer T> ? T : never;

declare namespace Type {
  type TLiteral<T> = Schema<T>;
  type TString = Schema<string>;
  type TNumber = Schema<number>;
  type TInteger = Schema<number>;
  type TBoolean = Schema<boolean>;
  type TOptional<S extends Schema<unknown>> = OptionalSchema<Static<S>>;
  type TArray<S extends Schema<unknown>> = Schema<Static<S>[]>;
  type TUnion<S extends readonly Schema<unknown>[]> = Schema<Static<S[number]>>;
  type TRecord<_K, S extends Schema<unknown>> = Schema<Record<string, Static<S>>>;
  type TObject<P extends Properties> = Schema<ObjectOf<P>>;
}

// biome-ignore lint/style/noDefaultExport: the module that this stands for has one.
export default Type;
