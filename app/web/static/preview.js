// The video that was chosen: played if the browser can, else its first frame, which the app has made.

/** Show {frame: base64 JPEG or null, video: {url}} inside `host`; nothing for null. */
export function show(host, value) {
    const root = host.querySelector(".d3p-preview") ?? host;
    root.replaceChildren();
    if (!value) return;
    const picture = value.frame ? `data:image/jpeg;base64,${value.frame}` : "";
    const video = document.createElement("video");
    video.controls = video.muted = video.playsInline = true;
    video.preload = "metadata";
    video.poster = picture;
    video.setAttribute("aria-label", "The video chosen");
    video.addEventListener("error", () => {
        const still = document.createElement("img");
        still.src = picture;
        still.alt = "First frame of the video chosen; this browser cannot play it, which does not matter.";
        root.replaceChildren(still);
    });
    video.src = new URL(value.video.url, document.baseURI).href;
    root.append(video);
}
