// The pages that the host brings itself: the API documentation around swagger-ui, and a shell for a build without the
// elements. No inline script or style: the content security policy forbids both.

export interface TextAsset {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
}

export const builtInPages: readonly TextAsset[] = [
  {
    path: '/',
    contentType: 'text/html; charset=utf-8',
    text: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<title>punktfunk</title>
<h1>punktfunk-host</h1>
<p>This build carries no page. Build it with <code>scripts/build</code>, or use the <a href="/docs">API</a>.</p>
</html>
`,
  },
  {
    path: '/docs',
    contentType: 'text/html; charset=utf-8',
    text: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width">
<title>punktfunk-host API</title>
<link rel="stylesheet" href="/assets/swagger-ui.css">
<div id="docs"></div>
<script src="/assets/swagger-ui-bundle.js"></script>
<script src="/assets/docs.js"></script>
</html>
`,
  },
  {
    path: '/assets/docs.js',
    contentType: 'text/javascript; charset=utf-8',
    text: `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
`,
  },
];
