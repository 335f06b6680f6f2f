// What the keys do in the 3D view and on the timeline.

const STEP = Math.PI / 36; // radians a key press
const CLOSER = 0.9; // times the distance

/** Turn, zoom and reset `stage`; the space bar calls `play`, Escape gives the wheel back to the page. */
export function turnByKeys(canvas, stage, play) {
    const turns = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    listen(canvas, (key) => {
        if (turns[key]) stage.turn(...turns[key]);
        else if (key === "+" || key === "=") stage.approach(CLOSER);
        else if (key === "-") stage.approach(1 / CLOSER);
        else if (key === "Home") stage.reset();
        else if (key === " ") play();
        else if (key === "Escape") canvas.blur();
        else return false;
        return true;
    });
    canvas.addEventListener("focus", () => stage.activate(true));
    canvas.addEventListener("blur", () => stage.activate(false));
    canvas.addEventListener("pointerup", () => canvas.focus({ preventScroll: true }));
}

/** Go from frame to frame; `at()` is the one shown, `last` the last one. */
export function scrubByKeys(chart, at, last, seek, play) {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    listen(chart, (key) => {
        if (steps[key]) seek(Math.min(last, Math.max(0, at() + steps[key])));
        else if (key === "Home") seek(0);
        else if (key === "End") seek(last);
        else if (key === " ") play();
        else return false;
        return true;
    });
}

function listen(element, handle) {
    element.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
        if (handle(event.key)) event.preventDefault();
    });
}
