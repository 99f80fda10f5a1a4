// What examples/unity asks of Unity, as its documentation declares it, and as little of an engine as runs it where Unity is
// not: unity FOLDER draws the script's sprite of the model there to its end, as on Android, with a stop in the middle, and
// writes its pixels to sprite_unity.rgba.
using System;
using System.Collections;
using System.IO;
using System.Reflection;
using UnityEngine;

namespace UnityEngine
{
    public class Component
    {
        readonly SpriteRenderer renderer;
        public Component() { renderer = this as SpriteRenderer ?? (this is MonoBehaviour ? new SpriteRenderer() : null); }
        public T GetComponent<T>() where T : class { return renderer as T; }
    }
    public class MonoBehaviour : Component { }
    public static class Application { public static string streamingAssetsPath { get; set; } }
    public enum FilterMode { Point }
    public enum TextureFormat { RGBA32 }
    public struct Vector2 { public Vector2(float x, float y) { } }
    public struct Rect { public Rect(float x, float y, float width, float height) { } }
    public struct Color32
    {
        public byte r, g, b, a;
        public Color32(byte r, byte g, byte b, byte a) { this.r = r; this.g = g; this.b = b; this.a = a; }
    }
    public class Texture2D
    {
        public byte[] Shown;
        byte[] loaded;
        public Texture2D(int width, int height, TextureFormat format, bool mipChain) { this.width = width; this.height = height; }
        public int width { get; }
        public int height { get; }
        public FilterMode filterMode { get; set; }
        public void LoadRawTextureData(byte[] data) { loaded = (byte[])data.Clone(); }
        public void Apply() { Shown = loaded; }
    }
    public class Sprite
    {
        public Texture2D texture { get; private set; }
        public static Sprite Create(Texture2D texture, Rect rect, Vector2 pivot, float pixelsPerUnit)
        {
            return new Sprite { texture = texture };
        }
    }
    public class SpriteRenderer : Component
    {
        public Sprite sprite { get; set; }
        public bool flipY { get; set; }
    }
    public class AsyncOperation { }
}

namespace UnityEngine.Networking
{
    public class DownloadHandler { public byte[] data { get; set; } }
    public class UnityWebRequestAsyncOperation : AsyncOperation { }
    public class UnityWebRequest : IDisposable
    {
        public enum Result { InProgress, Success }
        string path;
        public static UnityWebRequest Get(string uri) { return new UnityWebRequest { path = uri.Replace("jar:file://", "") }; }
        public UnityWebRequestAsyncOperation SendWebRequest()
        {
            downloadHandler = new DownloadHandler { data = File.ReadAllBytes(path) };
            result = Result.Success;
            return new UnityWebRequestAsyncOperation();
        }
        public Result result { get; private set; }
        public string error { get { return null; } }
        public DownloadHandler downloadHandler { get; private set; }
        public void Dispose() { }
    }
}

static class Engine
{
    // Unity calls them by their names.
    static object Call(object script, string name)
    {
        return script.GetType().GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(script, null);
    }

    static void Start(DrawnSprite script)
    {
        var start = (IEnumerator)Call(script, "Start");
        while (start.MoveNext()) { }
    }

    static byte[] Shown(DrawnSprite script)
    {
        return script.GetComponent<SpriteRenderer>().sprite.texture.Shown;
    }

    static int Main(string[] arguments)
    {
        Application.streamingAssetsPath = "jar:file://" + arguments[0];
        var first = new DrawnSprite();
        Start(first);
        if (!Array.TrueForAll(Shown(first), one => one == 0)) throw new Exception("something is seen before the first step");
        for (var frame = 0; frame < 10; frame++) Call(first, "Update");
        var second = new DrawnSprite { saved = first.Save() };
        Call(first, "OnDestroy");
        if (first.Save() != null) throw new Exception("a script that is destroyed has a run");
        Start(second);
        while (second.Save() != null) Call(second, "Update");
        File.WriteAllBytes("sprite_unity.rgba", Shown(second));
        return 0;
    }
}
