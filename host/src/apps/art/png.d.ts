// A picture imported `with { type: 'file' }` is the path of its bytes, from source and inside the executable.
declare module '*.png' {
  const path: string;
  // biome-ignore lint/style/noDefaultExport: the one export that a file import has
  export default path;
}
