// What the editor looks like: the page's own colours, which reach into its shadow root by their names.
import { EditorView } from "@codemirror/view";

export const look = EditorView.theme({
  "&": { color: "var(--text)", fontSize: "12.5px", backgroundColor: "var(--panel)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", minHeight: "240px", maxHeight: "60vh" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 12px 0 6px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--quiet)", border: "none", paddingLeft: "4px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 70%, transparent)" },
  ".problem-dots": { width: "14px" },
  ".problem-dot": { display: "inline-block", width: "9px", height: "9px", borderRadius: "50%", backgroundColor: "var(--bad-mark)" },
  ".problem-dot.warning": { backgroundColor: "var(--warn-mark)" },
  ".problem": { textDecoration: "underline wavy var(--bad-mark) 1.5px", textUnderlineOffset: "3px" },
  ".problem.warning": { textDecorationColor: "var(--warn-mark)" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "6px", backgroundColor: "var(--panel)", color: "var(--text)", boxShadow: "var(--shadow-high)", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--chosen)", color: "var(--text)" },
  ".cm-completionDetail": { color: "var(--quiet)", fontStyle: "normal", fontFamily: "var(--sans)", fontSize: "11.5px", marginLeft: "10px" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { fontFamily: "var(--sans)", maxWidth: "300px", padding: "6px 10px" },
});
