// What examples/unity asks of Unity, as its documentation declares it, for a compiler to read where Unity is not.
namespace UnityEngine
{
    public class Component { public T GetComponent<T>() where T : class { return null; } }
    public class MonoBehaviour : Component { }
    public static class Application { public static string streamingAssetsPath { get { return ""; } } }
    public enum FilterMode { Point }
    public enum TextureFormat { RGBA32 }
    public struct Vector2 { public Vector2(float x, float y) { } }
    public struct Rect { public Rect(float x, float y, float width, float height) { } }
    public class Texture2D
    {
        public Texture2D(int width, int height, TextureFormat format, bool mipChain) { }
        public int width { get { return 0; } }
        public int height { get { return 0; } }
        public FilterMode filterMode { get; set; }
        public void LoadRawTextureData(byte[] data) { }
        public void Apply() { }
    }
    public class Sprite
    {
        public static Sprite Create(Texture2D texture, Rect rect, Vector2 pivot, float pixelsPerUnit) { return null; }
    }
    public class SpriteRenderer : Component
    {
        public Sprite sprite { get; set; }
        public bool flipY { get; set; }
    }
}
