import { defineConfig, type Plugin } from "vite";

/**
 * bpmn-js writes a few style="…" into markup, which our policy (style-src 'self') would not apply.
 *
 * In SVG every such declaration is an attribute of its own; the properties panel's one height stands in designer.css.
 */
function withoutInlineStyles(): Plugin {
  const asAttributes = (style: string): string =>
    style
      .split(";")
      .filter(Boolean)
      .map((declaration) => declaration.split(":"))
      .map(([name = "", value = ""]) => `${name.trim()}="${value.trim()}"`)
      .join(" ");
  return {
    name: "lastmeter-without-inline-styles",
    transform(code, id) {
      if (/(align|distribute)-elements\/\w+Icons\.js$/.test(id)) {
        return { code: code.replace(/style="([^"]*)"/g, (_, style: string) => asAttributes(style)), map: null };
      }
      if (id.includes("bpmn-js-properties-panel/dist/")) {
        return { code: code.replace('<div style="height: 100%" ', "<div "), map: null };
      }
      return null;
    },
  };
}

export default defineConfig({
  base: "/static/built/",
  plugins: [withoutInlineStyles()],
  build: {
    outDir: "../lastmeter_web/static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Our policy allows fonts and styles from our own address only: nothing is inlined as a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // bpmn-js is one large library; it is loaded by the designer's pages alone.
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: { app: "src/app.ts", designer: "src/designer.ts" },
    },
  },
});
