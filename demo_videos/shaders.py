"""GLSL of the renderer: a shadow pass, the person, the room."""

SHADOW_VERTEX = """
#version 330
uniform mat4 light_matrix;
in vec3 in_position;
in float in_cover;
out float cover;
void main() { cover = in_cover; gl_Position = light_matrix * vec4(in_position, 1.0); }
"""

SHADOW_FRAGMENT = """
#version 330
in float cover;
void main() { if (cover < 0.0) discard; }
"""

COMMON = """
uniform mat4 light_matrix;
uniform sampler2DShadow shadow_map;
uniform vec3 light_direction;
uniform vec3 light_color;
uniform vec3 ambient;
uniform vec3 bounce;
uniform vec3 eye;
uniform float shadow_spread;   // radius of the penumbra in shadow-map units
uniform float exposure;

float hash(vec3 p) { p = fract(p * 0.3183099 + 0.1); p *= 17.0; return fract(p.x * p.y * p.z * (p.x + p.y + p.z)); }
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p);
    f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x),
        mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y),
               mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x),
                   mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y), f.z);
}

const vec2 DISK[12] = vec2[](vec2(-.326,-.406), vec2(-.840,-.074), vec2(-.696,.457), vec2(-.203,.621), vec2(.962,-.195),
    vec2(.473,-.480), vec2(.519,.767), vec2(.185,-.893), vec2(.507,.064), vec2(.896,.412), vec2(-.322,-.933),
        vec2(-.792,-.598));

float lit(vec3 position, vec3 normal) {   // 0 in shadow, 1 in the light
    vec4 p = light_matrix * vec4(position + normal * 0.012, 1.0);
    vec3 uv = p.xyz * 0.5 + 0.5;
    if (any(lessThan(uv, vec3(0.0))) || any(greaterThan(uv, vec3(1.0)))) return 1.0;
    float sum = 0.0;
    for (int i = 0; i < 12; i++) sum += texture(shadow_map, vec3(uv.xy + DISK[i] * shadow_spread, uv.z - 0.0008));
    return sum / 12.0;
}

vec3 hemisphere(vec3 normal) { return mix(bounce, ambient, normal.y * 0.5 + 0.5); }

vec3 display(vec3 color) {   // filmic curve, then sRGB
    color *= exposure;
    color = color * (2.51 * color + 0.03) / (color * (2.43 * color + 0.59) + 0.14);
    return pow(clamp(color, 0.0, 1.0), vec3(1.0 / 2.2));
}
"""

FIGURE_VERTEX = """
#version 330
uniform mat4 camera_matrix;
in vec3 in_position; in vec3 in_normal;
in vec3 in_rest; in vec3 in_color; in vec3 in_second; in float in_cover; in vec2 in_kind;
out vec3 position; out vec3 normal; out vec3 rest; out vec3 color; out vec3 second; out float cover; flat out vec2 kind;
void main() {
    position = in_position; normal = in_normal; rest = in_rest; color = in_color; second = in_second;
    cover = in_cover; kind = in_kind;
    gl_Position = camera_matrix * vec4(in_position, 1.0);
}
"""

FIGURE_FRAGMENT = (
    "#version 330\n"
    + COMMON
    + """
uniform vec3 left_eye; uniform vec3 right_eye;   // rest-space centres of the eyeballs
uniform vec3 brow_color;
in vec3 position; in vec3 normal; in vec3 rest; in vec3 color; in vec3 second; in float cover; flat in vec2 kind;
out vec4 out_color;

vec3 cloth(vec3 base) {
    int pattern = int(kind.y + 0.5);
    if (pattern == 1) base = mix(base, second, smoothstep(0.45, 0.55, abs(fract(rest.y * 16.0) - 0.5) * 2.0));
    if (pattern == 2) base *= 0.82 + 0.36 * noise(rest * vec3(420.0, 160.0, 420.0)) * (0.7 + 0.6 * noise(rest * 9.0));
    if (pattern == 3) {
        vec2 line = smoothstep(0.55, 0.65, abs(fract(rest.xy * vec2(11.0, 11.0)) - 0.5) * 2.0);
        base = mix(base, second, 0.5 * line.x + 0.5 * line.y);
    }
    if (pattern == 4) base = mix(second, base, smoothstep(-0.004, 0.004, 0.045 - abs(abs(rest.x) - 0.16)));
    return base * (0.93 + 0.14 * noise(rest * 240.0))
        * (1.0 - 0.35 * smoothstep(0.010, 0.007, abs(cover - 0.008)) * 0.6);
}

vec3 skin(vec3 base) {
    base *= 0.95 + 0.07 * noise(rest * 60.0) + 0.04 * noise(rest * 260.0);
    for (int i = 0; i < 2; i++) {
        vec3 d = rest - (i == 0 ? left_eye : right_eye);
        float side = i == 0 ? 1.0 : -1.0;
        if (d.z < 0.0) continue;
        vec2 q = vec2(d.x * side - 0.004, d.y - 0.0225 + 3.5 * pow(d.x * side - 0.006, 2.0));
        float brow = smoothstep(1.0, 0.6, length(q / vec2(0.023, 0.0048)));
        base = mix(base, brow_color, brow * 0.8);
        base *= 1.0 - 0.22 * smoothstep(0.022, 0.012, length(d.xy * vec2(0.8, 1.0)));   // eye sockets
    }
    return base;
}

vec3 eyeball(vec3 base) {
    vec3 d = rest - (rest.x > 0.0 ? left_eye : right_eye);
    float r = length(d.xy);
    vec3 white = vec3(0.62, 0.59, 0.56);
    if (d.z < 0.0) return white;
    return r < 0.0025 ? vec3(0.01) : mix(base, white, smoothstep(0.0058, 0.0066, r));
}

void main() {
    int surface = int(kind.x + 0.5);
    float edge = cover;
    if (surface == 2) edge += 0.012 * (noise(rest * vec3(260.0, 70.0, 260.0)) - 0.6);   // a hairline is ragged
    if (edge < 0.0) discard;
    vec3 n = normalize(normal);
    if (!gl_FrontFacing) n = -n;
    vec3 to_eye = normalize(eye - position);
    vec3 base = color;
    float gloss = 0.06, power = 24.0, wrap = 0.0;
    if (surface == 0) { base = skin(base); gloss = 0.16; power = 18.0; wrap = 0.28; }
    if (surface == 1) {
        base = cloth(base); gloss = 0.02; wrap = 0.12;
        // Folds: a bump that runs mostly down the cloth, stronger than any weave.
        vec3 q = rest * vec3(15.0, 9.0, 15.0);
        vec3 bump = vec3(noise(q + 7.1) - noise(q + vec3(0.35, 7.1, 7.1)),
            noise(q + 3.7) - noise(q + vec3(3.7, 4.05, 3.7)),
                         noise(q + 1.3) - noise(q + vec3(1.3, 1.3, 1.65)));
        n = normalize(n + 0.35 * bump);
    }
    if (surface == 2) {
        float strand = noise(vec3(atan(rest.x, rest.z - 0.02) * 40.0, rest.y * 22.0, 3.0));
        base *= 0.55 + 0.8 * strand; gloss = 0.10 * strand; power = 20.0; wrap = 0.1;
    }
    if (surface == 3) { base = rest.y < 0.018 ? second : base; gloss = 0.18; power = 32.0; }
    if (surface == 4) { base = eyeball(base); gloss = 0.9; power = 90.0; }
    float facing = dot(n, light_direction);
    float direct = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0) * lit(position, n);
    vec3 diffuse = light_color * direct;
    // light through skin
    if (surface == 0) diffuse *= mix(vec3(1.18, 0.92, 0.86), vec3(1.0), smoothstep(0.0, 0.5, direct));
    vec3 half_way = normalize(light_direction + to_eye);
    float shine = pow(max(dot(n, half_way), 0.0), power) * gloss * direct;
    float rim = pow(1.0 - max(dot(n, to_eye), 0.0), 4.0);
    vec3 fill = 0.16 * max(dot(n, to_eye), 0.0) * ambient;   // a little light from the camera's side
    float ground = mix(0.62, 1.0, smoothstep(0.0, 0.5, position.y));   // the floor hides light from low parts
    vec3 shade = base * (diffuse + hemisphere(n) * ground + fill) + light_color * shine + 0.05 * rim * ambient;
    out_color = vec4(display(shade), 1.0);
}
"""
)

ROOM_VERTEX = """
#version 330
uniform mat4 camera_matrix;
in vec3 in_position; in vec3 in_normal; in vec3 in_local; in vec3 in_half; in vec3 in_color; in float in_material;
out vec3 position; out vec3 normal; out vec3 local; out vec3 half_size; out vec3 color; flat out float material;
void main() {
    position = in_position; normal = in_normal; local = in_local; half_size = in_half; color = in_color;
    material = in_material;
    gl_Position = camera_matrix * vec4(in_position, 1.0);
}
"""

ROOM_FRAGMENT = (
    "#version 330\n"
    + COMMON
    + """
uniform vec3 feet[2];
uniform vec3 room_half;      // half extents of the room and the yaw that turns world into room axes
uniform vec2 room_turn;      // cos, sin
uniform vec3 room_origin;
in vec3 position; in vec3 normal; in vec3 local; in vec3 half_size; in vec3 color; flat in float material;
out vec4 out_color;

vec2 face_uv(vec3 n) { return abs(n.y) > 0.5 ? local.xz : (abs(n.x) > 0.5 ? local.zy : local.xy); }

float brick(vec2 p, vec2 size, float joint) {   // 1 on a stone, 0 in the joint
    p /= size; if (mod(floor(p.y), 2.0) > 0.5) p.x += 0.5;
    vec2 f = fract(p) * size; vec2 g = min(f, size - f);
    return smoothstep(joint * 0.4, joint, min(g.x, g.y));
}

vec3 surface(vec3 base, vec2 uv, out float gloss) {
    int m = int(material + 0.5);
    gloss = 0.0;
    if (m == 1) {   // boards
        vec2 p = uv / vec2(1.3, 0.11);
        p.x += hash(vec3(floor(p.y), 1.0, 2.0)) * 7.0;
        float tone = hash(vec3(floor(p), 5.0));
        float grain = noise(vec3(uv.x * 5.0 + tone * 20.0, uv.y * 70.0, tone));
        vec2 f = fract(p); float gap = smoothstep(0.0, 0.035, min(f.y, 1.0 - f.y))
            * smoothstep(0.0, 0.004, min(f.x, 1.0 - f.x));
        gloss = 0.10;
        return base * (0.72 + 0.34 * tone + 0.22 * (grain - 0.5)) * mix(0.55, 1.0, gap);
    }
    if (m == 2) return base * (0.82 + 0.22 * noise(vec3(uv * 1.7, 1.0)) + 0.14 * noise(vec3(uv * 9.0, 3.0))
        + 0.06 * noise(vec3(uv * 60.0, 4.0)));
    if (m == 3) {
        vec2 size = vec2(0.24, 0.075);
        vec2 p = uv / size; if (mod(floor(p.y), 2.0) > 0.5) p.x += 0.5;
        float tone = hash(vec3(floor(p), 9.0));
        float stone = brick(uv, size, 0.010);
        return mix(vec3(0.42, 0.40, 0.37), base * (0.65 + 0.6 * tone + 0.3 * noise(vec3(uv * 40.0, 2.0)) - 0.15),
            stone);
    }
    if (m == 4) {
        vec2 size = vec2(0.45); vec2 f = fract(uv / size); vec2 g = min(f, 1.0 - f);
        float tone = hash(vec3(floor(uv / size), 4.0));
        gloss = 0.16;
        return base * (0.9 + 0.12 * tone + 0.08 * noise(vec3(uv * 6.0, 1.0)))
            * mix(0.6, 1.0, smoothstep(0.004, 0.012, min(g.x, g.y)));
    }
    if (m == 5) return base * (0.72 + 0.5 * noise(vec3(uv * 190.0, 1.0)) + 0.12 * noise(vec3(uv * 5.0, 2.0)));
    if (m == 7) {   // a landscape in a frame
        vec2 q = local.xy / half_size.xy;
        if (max(abs(q.x), abs(q.y)) > 0.88) return base;
        if (max(abs(q.x), abs(q.y)) > 0.70) return vec3(0.75);
        float hills = 0.12 * sin(q.x * 5.0 + 1.0) + 0.08 * sin(q.x * 11.0) - 0.1;
        return q.y < hills ? mix(vec3(0.06, 0.16, 0.08), vec3(0.30, 0.34, 0.12), q.y + 0.8)
            : mix(vec3(0.75, 0.62, 0.45), vec3(0.20, 0.38, 0.62), q.y);
    }
    if (m == 8) return base * (0.6 + 0.5 * noise(vec3(uv * 90.0, 1.0)) + 0.35 * noise(vec3(uv * 3.0, 2.0)));
    return base * (0.96 + 0.05 * noise(vec3(uv * 3.0, 1.0)) + 0.03 * noise(vec3(uv * 80.0, 1.0)));
}

void main() {
    vec3 n = normalize(normal);
    vec3 to_eye = normalize(eye - position);
    vec3 d = position - room_origin;
    vec3 inside = vec3(room_turn.x * d.x - room_turn.y * d.z, d.y, room_turn.y * d.x + room_turn.x * d.z);
    vec3 axis = vec3(room_turn.x * n.x - room_turn.y * n.z, n.y, room_turn.y * n.x + room_turn.x * n.z);
    float gloss;
    vec3 base = surface(color, face_uv(axis), gloss);
    if (int(material + 0.5) == 6) { out_color = vec4(display(color * 3.0 / exposure), 1.0); return; }
    // Corners of the room see less of the sky: each near wall that is not this surface takes some away.
    vec3 gap = vec3(room_half.x - abs(inside.x), inside.y, room_half.z - abs(inside.z));
    vec3 corner = 1.0 - 0.38 * exp(-max(gap, 0.0) / 0.35) * (1.0 - abs(axis));
    float hidden = corner.x * corner.y * corner.z;
    for (int i = 0; i < 2; i++) {   // contact shadow under each foot
        vec3 f = position - feet[i];
        float lift = max(feet[i].y, 0.0);
        hidden *= 1.0 - 0.62 * exp(-dot(f.xz, f.xz) / (0.012 + 0.25 * lift * lift)) * exp(-lift * 5.0)
            * step(0.5, n.y) * step(position.y, 0.05);
    }
    float direct = max(dot(n, light_direction), 0.0) * lit(position, n);
    vec3 half_way = normalize(light_direction + to_eye);
    float shine = pow(max(dot(n, half_way), 0.0), 40.0) * gloss * lit(position, n);
    float fresnel = gloss * pow(1.0 - max(dot(n, to_eye), 0.0), 3.0);
    vec3 shade = base * (light_color * direct + hemisphere(n) * hidden) + light_color * shine + ambient * fresnel;
    out_color = vec4(display(shade), 1.0);
}
"""
)
