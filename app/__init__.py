"""What people touch: the pipeline from video to Motion, rendering, exports, the command line and the web app."""
